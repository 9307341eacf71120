/**
 * The certificate that a listener shows, from files, and read again when they change: who renews
 * certificates writes files, and a restart would cost calls. A pair that does not fit is not used.
 */
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { EngineError } from "../../base/errors.js";
import type { Scheduler, Timer } from "../../base/ports.js";

/** PEM files. */
export type CertificateFiles = { readonly certFile: string; readonly keyFile: string };

/** PEM texts. The key is secret. */
export type Certificate = { readonly cert: string; readonly key: string };

const lookEveryMs = 30_000;

/** @throws {EngineError} `CERTIFICATE` when a file cannot be read, or the two do not fit */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  try {
    const certificate = {
      cert: readFileSync(certFile, "utf8"),
      key: readFileSync(keyFile, "utf8"),
    };
    createSecureContext(certificate);
    return certificate;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot use ${certFile} with ${keyFile}: ${why}; a PEM certificate and its key are right`;
    throw new EngineError("CERTIFICATE", message, { certFile, keyFile }, { cause });
  }
}

/**
 * Looks at the files every half minute.
 *
 * @param told.changed with a pair that fits; @param told.failed why a changed one is not used
 */
export function watchCertificate(
  files: CertificateFiles,
  time: Pick<Scheduler, "after">,
  told: { changed(certificate: Certificate): void; failed(error: unknown): void },
): { stop(): void } {
  let stamp = stampOf(files);
  let timer: Timer;
  const look = (): void => {
    const now = stampOf(files);
    if (now !== stamp) {
      stamp = now;
      try {
        told.changed(readCertificate(files));
      } catch (error) {
        told.failed(error);
      }
    }
    timer = time.after(lookEveryMs, look);
  };
  timer = time.after(lookEveryMs, look);
  return { stop: () => timer.cancel() };
}

function stampOf({ certFile, keyFile }: CertificateFiles): string {
  return [certFile, keyFile]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? "none" : `${stat.mtimeMs} ${stat.ino} ${stat.size}`;
    })
    .join(" ");
}
