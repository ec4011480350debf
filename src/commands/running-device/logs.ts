/** `logs`: the latest log events of the running device. */
import type { LogEvent } from "../../firmware/local-socket/log-feed.ts";
import { exitCodes } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { withDevice } from "../line/device.ts";
import { sharedFlags, type Verb } from "../line/verb.ts";

const { data, json } = sharedFlags;

export const verb: Verb = {
  name: "logs",
  summary: "Show the running device's latest log events",
  usage: "logs [FLAGS]",
  network: noNetwork,
  flags: { data, json, follow: { short: "f", doc: "continue with each new event; Ctrl-C ends it" } },
  notes: `
The control loop's events since it started, at most 200, none below the level info. Those of the guardian and of earlier
starts are only in the log itself: for the service, see journalctl -u grove-heater.`,
  run: (args) =>
    withDevice(args, async (device) => {
      const follow = args.has("follow");
      const write = args.has("json") ? writeJson : writeText;
      device.send({ kind: "logs", follow });
      return await new Promise<number>((resolve, reject) => {
        device
          .each((message) => {
            if (message.kind === "log") write(message);
            if (message.kind === "logs-shown" && !follow) resolve(exitCodes.ok);
          })
          .catch(reject);
      });
    }),
};

const writeJson = ({ kind: _, ...event }: LogEvent): void =>
  void process.stdout.write(`${JSON.stringify(event)}\n`);

const writeText = ({ time, level, event, text }: LogEvent): void =>
  void process.stdout.write(
    `${time.slice(0, 19)}Z ${level.padEnd(5)} ${event} ${text}`.trimEnd().concat("\n"),
  );
