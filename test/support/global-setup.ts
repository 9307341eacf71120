/** Compiles the sources once, since threads and processes under test run the compiled files. */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

export default function setup(): void {
  if (process.env["VOXTREE_SKIP_BUILD"] !== undefined) return;
  const tsc = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  for (const project of ["tsconfig.build.json", "tsconfig.sim.json"]) {
    execFileSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
  }
  execFileSync(process.execPath, ["bundle-threads.js"], { stdio: "inherit" });
}
