/** Ids from outside, as bytes. They never become part of a path: paths take a keyed hash. */
import { StorageError } from "./storage-error.js";

/** Longest id in UTF-8 bytes: long enough for a URL or a composed CRM key. */
export const idBytesMax = 512;

/**
 * UTF-8 bytes of an id.
 *
 * @param kind names the id in the error, e.g. `userId`; the id itself is personal and stays out
 * @throws {StorageError} `ID_INVALID` when it is empty, over `idBytesMax`, or has a lone surrogate
 *   (UTF-8 would turn two such ids into the same bytes)
 */
export function idBytes(kind: string, id: string): Buffer {
  const bytes = Buffer.from(id, "utf8");
  if (bytes.length === 0 || bytes.length > idBytesMax) {
    throw new StorageError(
      "ID_INVALID",
      `${kind} has ${bytes.length} bytes, allowed are 1 to ${idBytesMax}`,
      { kind, bytes: bytes.length, bytesMax: idBytesMax },
    );
  }
  if (bytes.toString("utf8") !== id) {
    throw new StorageError("ID_INVALID", `${kind} is not well-formed Unicode`, { kind });
  }
  return bytes;
}
