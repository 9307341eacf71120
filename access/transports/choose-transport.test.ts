import { describe, expect, it } from "vitest";
import { chooseTransport } from "./choose-transport.js";
import type { UwsModule } from "./uws/uws-api.js";

const notInstalled = () =>
  Promise.reject(Object.assign(new Error("no such module"), { code: "ERR_MODULE_NOT_FOUND" }));
const noBinary = () => Promise.reject(new Error("no binary for this Node"));
const there = () => Promise.resolve({} as UwsModule);

async function chosen(name: "auto" | "lean" | "ws" | "uws", load: () => Promise<UwsModule>) {
  const warnings: string[] = [];
  const transport = await chooseTransport(name, (why) => void warnings.push(why), load);
  return { name: transport.name, warnings };
}

describe("the choice of a transport", () => {
  it("takes what was named", async () => {
    expect(await chosen("lean", there)).toEqual({ name: "lean", warnings: [] });
    expect(await chosen("ws", there)).toEqual({ name: "ws", warnings: [] });
    expect(await chosen("uws", there)).toEqual({ name: "uws", warnings: [] });
  });

  it("takes uWebSockets.js by itself where it is, else our own, and says why when it is broken", async () => {
    expect((await chosen("auto", there)).name).toBe("uws");
    expect(await chosen("auto", notInstalled)).toEqual({ name: "lean", warnings: [] });
    const broken = await chosen("auto", noBinary);
    expect(broken.name).toBe("lean");
    expect(broken.warnings[0]).toMatch(/cannot be used: no binary for this Node; install it/);
  });

  it("fails with what would be right when uWebSockets.js was named and is not there", async () => {
    await expect(chosen("uws", notInstalled)).rejects.toThrow(
      /uWebSockets.js cannot be used: it is not installed; .* or set gateway.transport to lean/,
    );
  });
});
