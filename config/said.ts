type Said<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> };

/** Without what is undefined, so that it cannot overwrite a default. */
export function said<Values extends object>(values: Values): Said<Values> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Said<Values>;
}
