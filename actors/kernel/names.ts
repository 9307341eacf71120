/** What an actor may be called: a step of a path, safe in logs and metrics. */
export const nameShape = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;
