/** What the local hub's verb says when it cannot start as asked. */
import { expect, it } from "vitest";
import { verb } from "../../src/commands/hub.ts";
import { readArguments } from "../../src/commands/verb.ts";
import { exitCodes, StartupError } from "../../src/firmware/exit-codes.ts";
import { temporaryFolder } from "../hub/running-hub.ts";

it("names the variable for the password that listening beyond loopback asks for", async () => {
  const args = readArguments(verb, ["--data", await temporaryFolder(), "--host", "0.0.0.0"]);
  const error: unknown = await verb.run(args).then(undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartupError);
  expect(error).toMatchObject({
    exitCode: exitCodes.configuration,
    remedy: expect.stringContaining("GROVE_HEATER_HUB_PASSWORD"),
  });
});
