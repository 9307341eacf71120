/**
 * Bundles what runs in a thread or a process of its own, from `dist/` into `dist/bundles/`: to load
 * five hundred small files costs a starting thread three times the CPU of loading a few large ones,
 * and a shard that is lost must be replaced at once. Everything else runs as `tsc` compiled it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { rolldown } from "rolldown";

const isEntry = (path) => path.endsWith("-main.js") || path === "base/background-start.js";
const isBundle = (path) => path.startsWith("bundles/");
const entries = readdirSync("dist", { recursive: true }).filter(
  (path) => isEntry(path) && !isBundle(path),
);

/** Those with native or WebAssembly parts, and large ones that few threads need. */
const external =
  /^(libsql|koffi|twilio|fastify|@evan|@grpc|@echogarden|bufferutil|utf-8-validate|uWebSockets\.js)(\/|$)/;

/** The packages in the bundles, with their licences beside them. */
const licences = {
  name: "licences",
  generateBundle() {
    const roots = [...this.getModuleIds()].flatMap(
      (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(id)?.[0] ?? [],
    );
    const texts = [...new Set(roots)].sort().map((root) => {
      const { name, version, license } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
      const file = readdirSync(root).find((one) => /^licen[cs]e/i.test(one));
      const text = file === undefined ? "" : readFileSync(root + file, "utf8").trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    });
    const source = texts.join(`\n${"-".repeat(80)}\n\n`);
    this.emitFile({ type: "asset", fileName: "LICENCES.txt", source });
  },
};

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((path) => [basename(path, ".js"), `dist/${path}`])),
  platform: "node",
  external,
  plugins: [licences],
});
await bundle.write({
  dir: "dist/bundles",
  cleanDir: true,
  format: "esm",
  chunkFileNames: "part-[name]-[hash].js",
});
await bundle.close();
