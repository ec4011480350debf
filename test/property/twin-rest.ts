/** RR-8 as seen at the hub: what must stand in its documents once nothing is under way any more. */
import { type Cloud, type Json, sortedText } from "./twin-cloud.ts";
import type { TwinDevice } from "./twin-device.ts";
import { fits, inForceForm, isName, type Name, names, type Value, type Week } from "./twin-oracle.ts";

/** What a hub keeps of a device. */
export type Documents = Pick<Cloud, "desired" | "reported" | "touched">;

/** Throws at the first thing that is not as it must be. */
export function checkAtRest(cloud: Documents, device: TwinDevice): void {
  for (const name of names) {
    const told = cloud.reported[name];
    if (typeof told !== "object" || told === null) throw new Error(`RR-8: ${name} was never reported`);
    const held = device.picture.values[name];
    const problem =
      told["value"] !== undefined && isSame(told["value"], held)
        ? wrongAnswer(name, told, cloud, device)
        : `RR-8: ${JSON.stringify(held)} is in force`;
    if (problem) throw new Error(`${problem}: ${name} is reported as ${JSON.stringify(told)}`);
  }
  checkStrangers(cloud);
}

const isSame = (a: Json, b: Json): boolean => sortedText(a) === sortedText(b);
/** How an answer names a value that has lost. */
const described = (value: Value): string =>
  typeof value === "object" ? descriptionOf(value) : String(value);
const descriptionOf = (week: Week): string => {
  const points = Object.values(week).flatMap((day) => (day === "" ? [] : day.split(","))).length;
  if (points === 0) return "no schedule";
  return `a schedule with ${points} point${points === 1 ? "" : "s"} a week`;
};

interface Answer {
  readonly [name: string]: Json;
}

function wrongAnswer(name: Name, told: Answer, cloud: Documents, device: TwinDevice): string | undefined {
  const { ac, av, ad } = told;
  const { by, value, edit, ruled, lost } = device.oracle.entry(name);
  const wanted = cloud.desired[name];
  if (typeof ad !== "string" || ad.length > 300) return "RR-6: ad is bounded text";
  const named = /^(?:the nearest supported value; )?won over ([^,]+), /.exec(ad)?.[1];
  if (named !== (lost === undefined ? undefined : described(lost)))
    return `RR-4: ${JSON.stringify(lost)} has lost`;
  if (by === "device" && edit > ruled) {
    return ac === 203 && av === 0 ? undefined : "RR-3: the device's own change";
  }
  if (wanted === undefined) return ac === 200 || ac === 203 ? undefined : "RR-7: nothing is desired";
  if (Number(av) < (cloud.touched.get(name) ?? 0)) return "RR-8: the newest version has no answer";
  if (!fits[name](wanted)) return ac === 400 ? undefined : `RR-6: ${JSON.stringify(wanted)} is desired`;
  if (by === "device") return ac === 203 ? undefined : "RR-4: the device has won";
  return ac === 200 && isSame(inForceForm(wanted), value)
    ? undefined
    : `RR-2: ${JSON.stringify(wanted)} is desired`;
}

function checkStrangers(cloud: Documents): void {
  const strangers = Object.keys(cloud.desired).filter((name) => !isName(name));
  const answered = strangers.filter((name) => name !== "faults" && !name.includes("."));
  const expected = [...names, "firmwareVersion", ...answered].sort();
  const reported = Object.keys(cloud.reported).sort();
  if (reported.join() !== expected.join()) throw new Error(`RR-6: ${reported} are reported, not ${expected}`);
  for (const name of answered) {
    const told = cloud.reported[name];
    const right = typeof told === "object" && told !== null && told["ac"] === 400;
    if (right && Number(told["av"]) >= (cloud.touched.get(name) ?? 0)) continue;
    throw new Error(`RR-6: ${name} is unknown, and ${JSON.stringify(told)} is reported`);
  }
}
