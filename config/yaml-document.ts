/** Where things stand in a YAML file. */

/** Keys and indexes from the root, e.g. `["trunks", 0, "name"]`. */
export type DocumentPath = readonly (string | number)[];
