// The import arrows of the house: floors point down, the four layers do not see one another.
const room = (names) => `^(${names.join("|")})/`;
const layers = ["access", "speech", "dialog", "business"];
const floors = [["base"], ["codecs", "config"], ["storage"], layers, ["actors"], ["engine"]];
const up = floors.slice(0, -1).map((rooms, index) => ({
  name: `up-from-${rooms.join("-")}`,
  severity: "error",
  comment: "Imports point down only (ARCHITECTURE.md, section 1).",
  from: { path: room(rooms), pathNot: "\\.test\\.ts$" },
  to: { path: room(floors.slice(index + 1).flat()) },
}));
const walls = layers.map((layer) => ({
  name: `wall-of-${layer}`,
  severity: "error",
  comment: "The four layers meet in actors/ and engine/, never in one another.",
  from: { path: room([layer]) },
  to: { path: room(layers.filter((other) => other !== layer)) },
}));

module.exports = {
  forbidden: [
    ...up,
    ...walls,
    {
      name: "codecs-and-config-apart",
      severity: "error",
      from: { path: "^codecs/" },
      to: { path: "^config/" },
    },
    {
      name: "client-runs-in-a-browser",
      severity: "error",
      comment: "access/client and the native protocol import nothing from Node.",
      from: { path: "^(access/client/|codecs/wire/native)", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-orphans",
      severity: "error",
      comment: "A file nobody imports is dead, unless it starts a thread, a process or a test.",
      from: {
        orphan: true,
        pathNot: "(\\.test\\.ts|\\.config\\.(ts|js)|\\.d\\.ts)$|main\\.ts$|^(test|bench)/",
      },
      to: {},
    },
    {
      name: "only-kernel-imports-nact",
      severity: "error",
      from: { pathNot: "^actors/kernel/nact-dispatcher\\.ts$" },
      to: { path: "node_modules/nact" },
    },
    {
      name: "product-never-imports-tests",
      severity: "error",
      from: { pathNot: "^(test|bench)/|\\.test\\.ts$" },
      to: { path: "^(test|bench)/|\\.test\\.ts$" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
  },
};
