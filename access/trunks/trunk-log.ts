/** A line for the log of a trunk: nothing personal in it. */
export type TrunkLog = (level: "info" | "warn" | "error", message: string, fields: object) => void;
