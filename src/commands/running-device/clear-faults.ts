/** `clear-faults`: clears latched faults, which stay until a person has checked their cause. */
import { exitCodes } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { faultEffects } from "../../model/faults.ts";
import { withDevice } from "../line/device.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "clear-faults",
  summary: "Clear faults of the running device whose cause you have fixed",
  usage: "clear-faults [FLAGS]",
  network: noNetwork,
  flags: { data: sharedFlags.data },
  notes: `
The same as holding A and B for 3 s. Look at the device first. A fault whose cause is still there stays: then the exit
code is 1.`,
  run: (args) =>
    withDevice(args, async (device) => {
      await device.request((id) => ({ kind: "clear-faults", id }));
      device.send({ kind: "status" });
      const { faults } = (await device.receive("status")).status;
      const rows = faults.map((fault) => `Still active: ${fault}. ${faultEffects[fault].remedy}`);
      process.stdout.write(rows.length === 0 ? "No fault is active.\n" : `${rows.join("\n")}\n`);
      return rows.length === 0 ? exitCodes.ok : exitCodes.findings;
    }),
};
