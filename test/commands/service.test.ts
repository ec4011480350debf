import { describe, expect, it } from "vitest";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/unit/service.ts";
import { capturePrinted } from "./printed.ts";

const printed = capturePrinted();
const run = (...words: string[]) => verb.run(readArguments(verb, words));

describe("service", () => {
  it("print shows the unit that install would write, for the program where it would be", async () => {
    expect(await run("print", "--board", "grove-heater-pi")).toBe(0);
    expect(printed.text).toContain(
      "ExecStart=/opt/grove-heater/current/bin/node /opt/grove-heater/current/dist/main.js run --board grove-heater-pi\n",
    );
    expect(printed.text).toMatch(/^ExecStopPost=-\+\/bin\/sh -c /m);
  });

  it("print takes a board of one's own with the program", async () => {
    const file = new URL("../../boards/grove-heater-pi.json", import.meta.url).pathname;
    expect(await run("print", "--board", file)).toBe(0);
    expect(printed.text).toContain(" run --board /opt/grove-heater/current/boards/grove-heater-pi.json\n");
  });

  it("without a subcommand lists the subcommands", async () => {
    await expect(run()).rejects.toMatchObject({
      exitCode: 64,
      remedy: expect.stringContaining("install, status"),
    });
  });

  it("status says that none is installed, where none is, and that this is not as it should be", async () => {
    expect(await run("status")).toBe(1);
    expect(printed.text).toContain("grove-heater.service is not installed");
  });
});
