import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { compiledEntry, packageRoot } from "../../base/compiled-entry.js";

const folder = mkdtempSync(join(tmpdir(), "voxtree-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Run = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the compiled command, fed with `input`, to its end. */
function voxtree(args: readonly string[], input = ""): Promise<Run> {
  const entry = fileURLToPath(compiledEntry("engine/cli/main.js"));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], { cwd: folder });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject).on("close", (code) => resolve({ code, out, err }));
    child.stdin.end(input);
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const brokenFlow = `id: broken
language: en-US
voice: slt
start: greeting
states:
  greeting:
    say: Hello.
    expect: { intents: { confirm: { phrases: ["yes"] } } }
    on: { confirm: serviec }
    noMatch: { max: 99 }
  service:
    say: Good bye.
    end: done
`;

describe("voxtree", () => {
  it("prints the version of the package", async () => {
    const text = readFileSync(new URL("package.json", packageRoot), "utf8");
    const { version } = JSON.parse(text) as { version: string };
    expect(await voxtree(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it("teaches what there is", async () => {
    const { code, out, err } = await voxtree(["--help"]);
    expect([code, err]).toEqual([0, ""]);
    for (const word of ["demo", "serve", "flow", "Start here:", "Exit codes:"]) {
      expect(out).toContain(word);
    }
    expect((await voxtree([])).err).toContain("Usage: voxtree");
    expect((await voxtree(["serve", "--help"])).out).toContain("--drain <duration>");
    expect((await voxtree(["demo", "--help"])).out).toContain("--no-recognition");
  });

  it.each([
    [["srve"], "Did you mean serve?"],
    [["serve", "--confg", "x"], "Did you mean --config?"],
    [["serve", "--drain", "5"], 'A duration has a unit: "500ms", "30s", "2m".'],
    [["flow", "talk", "service-selection", "--set", "name"], "Write it as name=value"],
    [["flow", "check"], "missing required argument 'file'"],
  ])("says what is wrong with %j", async (args, message) => {
    const { code, out, err } = await voxtree(args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(message);
    expect(err).not.toContain("    at ");
  });
});

describe("voxtree flow check", () => {
  it("prints every mistake of every file with its place", async () => {
    const path = file("broken.yaml", brokenFlow);
    const { code, out, err } = await voxtree([
      "flow",
      "check",
      "service-selection",
      path,
      "no.yaml",
    ]);
    expect(code).toBe(1);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe("service-selection: good");
    expect(lines).toContainEqual(
      expect.stringMatching(/broken\.yaml:9:20: .*"serviec".*"service"/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/broken\.yaml:10:21: states\.greeting\.noMatch\.max: .* not 99$/),
    );
    expect(lines.at(-1)).toMatch(/^no\.yaml: cannot read flow no\.yaml: it does not exist$/);
    expect(err).toBe(`${lines.length - 1} mistakes\n`);
  });

  it("is content with good files", async () => {
    const good = ["appointment-reminder", "appointment-reminder.zh", "satisfaction-survey"];
    const { code, out, err } = await voxtree(["flow", "check", ...good]);
    expect([code, out, err]).toEqual([0, good.map((name) => `${name}: good\n`).join(""), ""]);
  });
});

describe("voxtree flow talk", () => {
  it("plays a flow on what is typed, up to its outcome", async () => {
    const { code, out, err } = await voxtree(["flow", "talk", "service-selection"], "no\n");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("> ");
    expect(out).toMatch(/\noutcome: declined\n/);
  });

  it("hangs up when nothing more is typed", async () => {
    const { code, out } = await voxtree(["flow", "talk", "service-selection"]);
    expect(code).toBe(0);
    expect(out).toMatch(/\noutcome: hangup\n/);
  });

  it("takes variables, and tells a wrong one in one line", async () => {
    const talk = ["flow", "talk", "appointment-reminder", "--set"];
    expect((await voxtree([...talk, "name=Zebedee"])).out).toContain("Zebedee");
    const { code, err } = await voxtree([...talk, "nmae=Zebedee"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^voxtree: flow "appointment-reminder": variable "nmae".*"name".*\n$/);
  });
});

describe("voxtree flow list", () => {
  it("prints the shipped flows with variables and outcomes", async () => {
    const { code, out } = await voxtree(["flow", "list"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^payment-reminder {2}\(en-US\)\n {2}variables: name, amount, .*\n {2}outcomes: {2}promised, /m,
    );
  });
});

describe("voxtree serve", () => {
  it("tells every mistake of its configuration at once, and starts nothing", async () => {
    const path = file(
      "five.yaml",
      'gateway: { prot: 1 }\nhttp: { host: 0.0.0.0 }\ncalls: { max: 0 }\nflows: [a.txt]\nlog: { level: "no" }\n',
    );
    const { code, out, err } = await voxtree(["serve", "--config", path]);
    expect([code, out]).toEqual([1, ""]);
    const lines = err.trimEnd().split("\n");
    expect(lines[0]).toBe(`voxtree: ${path} has 5 mistakes:`);
    expect(lines.slice(1).map((line) => /^ {2}.*:(\d+:\d+: [\w.]+): /.exec(line)?.[1])).toEqual([
      "1:12: gateway.prot",
      "2:15: http.host",
      "3:15: calls.max",
      "4:9: flows.0",
      "5:15: log.level",
    ]);
  });

  it("says which configuration is not there", async () => {
    const { code, err } = await voxtree(["serve", "--config", "absent.yaml"]);
    expect([code, err]).toEqual([1, "voxtree: cannot read absent.yaml: it does not exist\n"]);
  });

  it("says when the port of its control API is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const path = file("taken.yaml", `gateway: { port: 0 }\nhttp: { port: ${port} }\n`);
    const { code, err } = await voxtree(["serve", "--config", path]);
    server.close();
    const message = `cannot listen on http.host 127.0.0.1, http.port ${port}: the port is taken`;
    expect([code, err]).toEqual([1, `voxtree: ${message}; name another one, or 0 for any\n`]);
  });
});
