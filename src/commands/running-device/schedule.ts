/** `schedule`: the set-points of the running device by the time of the week, and what overrides them. */
import { resolve } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readJson } from "../../base/json/value.ts";
import type { LocalClient } from "../../firmware/local-socket/local-client.ts";
import type { DeviceStatus } from "../../firmware/local-socket/messages.ts";
import { inForceText, scheduleText } from "../../firmware/local-socket/schedule-text.ts";
import { typedDays, typedPoints, withDays } from "../../firmware/local-socket/typed-week.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { noNetwork } from "../../firmware/process/guard-network.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { type Preset, presets } from "../../model/cloud-model.ts";
import { writableProperties } from "../../model/properties.ts";
import { isWeek, maxPointsPerDay, validateWeek, type Week } from "../../model/week.ts";
import { withDevice } from "../line/device.ts";
import { warnUnlessStored } from "../line/stored.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

const subverbs = ["show", "set", "import", "clear", "preset", "resume"] as const;
type Subverb = (typeof subverbs)[number];

/** Much more than a whole week. */
const largestFile = 64 * 1024;

export const verb: Verb = {
  name: "schedule",
  summary: "Show or set the schedule of the running device",
  usage: "schedule [show | set DAY POINTS… | import FILE | clear | preset NAME | resume] [FLAGS]",
  subverbs,
  checksFurtherWords: true,
  network: noNetwork,
  flags: { data: sharedFlags.data, json: sharedFlags.json },
  notes: `
set     the points of a day: schedule set monday 06:30 20 22:00 16
        DAY is a day or its first three letters, weekdays, weekend or all; without points the previous day's
        last point continues. At most ${maxPointsPerDay} points a day, in order of time, in °C.
import  a whole week from a JSON file: {"monday": "06:30 20, 22:00 16", …}
clear   no schedule: the set-point holds
preset  ${presets.join(", ")}
resume  ends boost, hold and away: the schedule decides again

Times are local times, by the setting timeZone. A set-point that is set meanwhile, also by A or B, holds until the next
point; with "set set-point-hold permanent" until "schedule resume". Away with an end: set away-until 2027-01-31T18:00
Exit code 64 when the device refuses it, 69 when no device answers.`,
  run: (args) => {
    const change = changeOf(args);
    return withDevice(args, async (device) => {
      const stored = await change(device);
      const status = await ask(device);
      process.stdout.write(`${args.has("json") ? jsonText(status) : textOf(status)}\n`);
      return warnUnlessStored(stored);
    });
  },
};

/** @returns whether the change is stored. @throws StartupError when it is refused */
type ChangeDevice = (device: LocalClient) => Promise<boolean>;

/** @throws StartupError (usage), before any device is asked */
function changeOf(args: Arguments): ChangeDevice {
  const [word = "show", ...words] = args.words;
  const subverb = subverbs.find((name) => name === word) ?? "show";
  expectWords(subverb, words.length);
  const [first = ""] = words;
  switch (subverb) {
    case "show":
      return () => Promise.resolve(true);
    case "set": {
      const days = typedDays(first);
      const points = typedPoints(words.slice(1));
      return async (device) => await setWeek(device, withDays(weekOf(await ask(device)), days, points));
    }
    case "import": {
      const week = weekIn(first);
      return (device) => setWeek(device, week);
    }
    case "clear":
      return (device) => setWeek(device, {});
    case "preset": {
      const preset = typedPreset(first);
      return (device) => device.request((id) => ({ kind: "preset", id, preset }));
    }
    case "resume":
      return (device) => device.request((id) => ({ kind: "preset", id, preset: "none" }));
  }
}

/** Minimum and maximum number of further arguments. */
const wordsOf: Readonly<Record<Subverb, readonly [least: number, most: number]>> = {
  show: [0, 0],
  set: [1, Number.POSITIVE_INFINITY],
  import: [1, 1],
  clear: [0, 0],
  preset: [1, 1],
  resume: [0, 0],
};

function expectWords(subverb: Subverb, count: number): void {
  const [least, most] = wordsOf[subverb];
  if (count >= least && count <= most) return;
  throw new StartupError(
    exitCodes.usage,
    `schedule ${subverb} has ${count < least ? "too few" : "too many"} words.`,
    "See: grove-heater schedule --help",
  );
}

const setWeek = (device: LocalClient, week: Week): Promise<boolean> =>
  device.request((id) => ({ kind: "set", id, name: "schedule", value: week }));

async function ask(device: LocalClient): Promise<DeviceStatus> {
  device.send({ kind: "status" });
  return (await device.receive("status")).status;
}

function weekOf(status: DeviceStatus): Week {
  const value = status.values["schedule"]?.value;
  return isWeek(value) ? value : {};
}

function typedPreset(word: string): Preset {
  const preset = presets.find((name) => name === word.toLowerCase());
  if (preset !== undefined) return preset;
  throw new StartupError(
    exitCodes.usage,
    `There is no preset "${word}".`,
    `Use one of ${presets.join(", ")}.`,
  );
}

function weekIn(file: string): Week {
  const path = resolve(file);
  const next = 'Write a JSON object such as {"monday": "06:30 20, 22:00 16"}.';
  let text: string | undefined;
  try {
    text = readSmallFile(path, { limit: largestFile });
  } catch (error) {
    throw new StartupError(exitCodes.usage, `The schedule cannot be read: ${messageOf(error)}.`, next);
  }
  if (text === undefined) throw new StartupError(exitCodes.usage, `There is no file ${path}.`, next);
  const week = readJson(text);
  const wrong = validateWeek(writableProperties.schedule.schema, week);
  if (isWeek(week)) return week;
  throw new StartupError(exitCodes.usage, `The schedule in ${path} ${wrong ?? "is not JSON"}.`, next);
}

const textOf = (status: DeviceStatus): string =>
  `${scheduleText(weekOf(status))}\n\nNow: ${inForceText(status, systemClock.wallNow())}`;

function jsonText(status: DeviceStatus): string {
  const { aim, setPointFrom, setPointUntil, nextSetPoint, boostUntil, values } = status;
  const value = (name: string) => values[name]?.value;
  return JSON.stringify(
    {
      schedule: weekOf(status),
      awayUntil: value("awayUntil"),
      setPointHold: value("setPointHold"),
      inForce: { aim, from: setPointFrom, until: setPointUntil, next: nextSetPoint, boostUntil },
    },
    null,
    2,
  );
}
