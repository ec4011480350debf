/** `set`: a new value for a property of the running device, such as its set-point. */
import { changeText, writableList } from "../../firmware/local-socket/status-text.ts";
import { propertyWords, typedName, typedValue } from "../../firmware/local-socket/typed-value.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { writableSpec } from "../../model/properties.ts";
import { withDevice } from "../line/device.ts";
import { warnUnlessStored } from "../line/stored.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "set",
  summary: "Set a value of the running device, such as its set-point",
  usage: "set NAME VALUE [FLAGS]",
  subverbs: "any",
  wordHints: propertyWords,
  checksFurtherWords: true,
  network: noNetwork,
  flags: { data: sharedFlags.data },
  notes: `
${writableList()}

For example: set set-point 20.5; set set-point 69F; set mode manual; set heater-switch on
The value takes effect as if it were set at the device, and is stored. Exit code 64 when the device refuses it, 69 when
no device answers. A negative number follows two hyphens: set sensor-offset -- -0.5`,
  async run(args) {
    const [word, text, ...more] = args.words;
    if (word === undefined || text === undefined || more.length > 0) {
      throw new StartupError(
        exitCodes.usage,
        "Name a property and its value.",
        "See: grove-heater set --help",
      );
    }
    const name = typedName(word);
    const value = typedValue(name, text);
    return await withDevice(args, async (device) => {
      const stored = await device.request((id) => ({ kind: "set", id, name, value }));
      device.send({ kind: "status" });
      const { status } = await device.receive("status");
      process.stdout.write(
        `${writableSpec(name).label}: ${changeText(name, status, systemClock.wallNow())}\n`,
      );
      return warnUnlessStored(stored);
    });
  },
};
