/**
 * Folder running-device/: verbs that read or change the running device, most of them through its socket.
 *
 * `status`: what the running device is and does.
 */
import { statusLine, statusText } from "../../firmware/local-socket/status-text.ts";
import { exitCodes } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { withDevice } from "../line/device.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

const { data, json } = sharedFlags;

export const verb: Verb = {
  name: "status",
  summary: "Show the running device's status",
  usage: "status [FLAGS]",
  network: noNetwork,
  flags: { data, json, watch: { doc: "print a line at each change; Ctrl-C ends it" } },
  notes: `
Asks the device that runs with this data folder; without one there, the installed service (then with sudo). Temperatures
are in the unit of the device's screen, in JSON always in °C.
Exit code 0 when the device works without a fault, 1 when a fault is active, 69 when no device answers.`,
  run: (args) =>
    withDevice(args, async (device) => {
      const write = (text: string): void => void process.stdout.write(`${text}\n`);
      if (!args.has("watch")) {
        device.send({ kind: "status" });
        const { status } = await device.receive("status");
        write(args.has("json") ? JSON.stringify(status, null, 2) : statusText(status, systemClock.wallNow()));
        return status.faults.length === 0 ? exitCodes.ok : exitCodes.findings;
      }
      device.send({ kind: "watch" });
      return await device.each((message) => {
        if (message.kind !== "status") return;
        write(args.has("json") ? JSON.stringify(message.status) : statusLine(message.status));
      });
    }),
};
