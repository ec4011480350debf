/**
 * A roll-out over several devices: one row for each, and a summary.
 *
 * Guarantee: pure, and never throws. A device on trial does not count as running the version. One that
 * reverted or refused it makes the summary `bad` and comes first; so does a group whose roll-out is stopped.
 * The summary counts the devices that cannot be reached.
 */
import { compareVersions } from "../../../base/version.ts";
import type { DeviceSummary, FirmwareView } from "../../page-server/api.ts";
import type { RollOutChange, RollOutGroup } from "../../page-server/api-roll-outs.ts";
import { isReachable } from "./cable.ts";
import { lastView, percentText, progressOf, stateView } from "./firmware.ts";
import type { StatusView, Tone } from "./status.ts";

export interface RollOut {
  readonly tone: Tone;
  /** "12 of 20 run 1.2.0, 2 reverted". */
  readonly text: string;
  /** Those that failed first, then by id. */
  readonly rows: readonly RollOutRow[];
}

export interface GroupRow {
  readonly name: string;
  readonly version: string;
  /** "10 %, 2 of 20 units". */
  readonly share: string;
  /** Its progress; if it is stopped, also the reason. */
  readonly status: StatusView;
  /** What the button does. */
  readonly action: RollOutChange["action"];
}

/** One row for each group of the hub's feed. */
export const groupRows = (groups: readonly RollOutGroup[]): readonly GroupRow[] =>
  groups.map((group) => {
    const { name, version, percent, units, included, stopped } = group;
    return {
      name,
      version,
      share: `${percent} %, ${included} of ${units} ${units === 1 ? "unit" : "units"}`,
      status: groupStatus(group),
      action: stopped === null ? "stop" : "resume",
    };
  });

function groupStatus({ included, confirmed, failed, stopAt, stopped }: RollOutGroup): StatusView {
  const counts = `${confirmed} of ${included} confirmed${failed === 0 ? "" : `, ${failed} failed`}`;
  if (stopped !== null) return { tone: "bad", word: `Stopped: ${counts}`, detail: stopped.reason };
  const detail = `Stops at ${stopAt} % failures.`;
  const isDone = included > 0 && confirmed >= included;
  return { tone: failed > 0 ? "bad" : isDone ? "good" : "pending", word: counts, detail };
}

export interface RollOutRow {
  readonly id: string;
  /** Its group, and the percentage from which on it is included. */
  readonly group: string;
  /** The installed version. */
  readonly installed: string;
  /** What the update does, with its version and progress. */
  readonly state: StatusView;
  readonly last: StatusView;
}

interface Unit {
  readonly device: DeviceSummary;
  readonly firmware: FirmwareView;
}

/** @returns `undefined` unless several devices take updates, or the hub's feed has a group */
export function rollOut(
  devices: readonly DeviceSummary[],
  groups: readonly RollOutGroup[] = [],
): RollOut | undefined {
  const units = devices.flatMap((device) =>
    device.firmware === null ? [] : [{ device, firmware: device.firmware }],
  );
  if (units.length < 2 && groups.length === 0) return undefined;
  const rows = units.map(rowOf);
  const failedFirst = rows.sort((a, b) => failure(a) - failure(b) || (a.id < b.id ? -1 : 1));
  const sum = summaryOf(units);
  const stopped = groups.filter((group) => group.stopped !== null).map(({ name }) => name);
  if (stopped.length === 0) return { ...sum, rows: failedFirst };
  return { tone: "bad", text: `${sum.text}; stopped: ${stopped.join(", ")}`, rows: failedFirst };
}

const failure = ({ state, last }: RollOutRow): number =>
  state.tone === "bad" || last.tone === "bad" ? 0 : 1;

function rowOf({ device, firmware }: Unit): RollOutRow {
  const reachable = isReachable(device);
  const progress = progressOf(firmware, reachable);
  const percent = progress === undefined ? "" : percentText(progress);
  return {
    id: device.id,
    group: firmware.group === "" ? "—" : `${firmware.group}${placeText(firmware)}`,
    installed: firmware.installed === "" ? "—" : firmware.installed,
    state: stateView(firmware, reachable, [firmware.available, percent]),
    last: lastView(firmware),
  };
}

const placeText = ({ place }: FirmwareView): string =>
  place === null ? "" : `, from ${Math.floor(place) + 1} %`;

function summaryOf(units: readonly Unit[]): Pick<RollOut, "tone" | "text"> {
  const version = newestVersion(units.map(({ firmware }) => firmware));
  const count = (holds: (firmware: FirmwareView) => boolean) =>
    units.filter(({ firmware }) => holds(firmware)).length;
  const runs = ({ installed, state }: FirmwareView) => installed === version && state !== "on-trial";
  const ended = (result: FirmwareView["lastResult"]) => (firmware: FirmwareView) =>
    firmware.lastResult === result && firmware.lastVersion === version && firmware.installed !== version;
  const running = count(runs);
  const reverted = count(ended("reverted"));
  const refused = count(ended("refused"));
  const unreachable = units.filter(({ device }) => !isReachable(device)).length;
  const parts: readonly (readonly [number, string])[] = [
    [reverted, "reverted"],
    [refused, "refused"],
    [count(({ installed, state }) => installed === version && state === "on-trial"), "on trial"],
    [unreachable, "cannot be reached"],
  ];
  const more = parts.flatMap(([many, word]) => (many === 0 ? [] : [`, ${many} ${word}`])).join("");
  const all = running === units.length;
  const tone = reverted + refused > 0 ? "bad" : all ? (unreachable === 0 ? "good" : "quiet") : "pending";
  const what = version === undefined ? "no known version" : version;
  if (units.length === 0) return { tone, text: "no device takes updates yet" };
  return { tone, text: `${running} of ${units.length} run ${what}${more}` };
}

/** The highest version that any of them runs, is assigned or has tried: what the roll-out is about. */
function newestVersion(all: readonly FirmwareView[]): string | undefined {
  const known = all.flatMap(({ installed, available, lastVersion }) => [installed, available, lastVersion]);
  return known
    .filter((version) => /^\d{1,5}(\.\d{1,5}){2}$/.test(version))
    .sort(compareVersions)
    .at(-1);
}
