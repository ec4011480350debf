/**
 * The demonstration as text for a terminal: each scene with its rule, both documents before and after, and
 * the result.
 */
import { isRecord } from "../../base/json/value.ts";
import type { DemoDecision, PropertyView, SceneResult, TwinView } from "../../firmware/demo/demo.ts";

type Paint = (text: string) => string;
type Palette = Readonly<Record<"bold" | "dim" | "good" | "bad", Paint>>;

export const demoHead = (count: number): string =>
  `A hub, a device on the virtual hat and a cable between them: ${count} scenes, over MQTT and TLS on this machine.\n` +
  `v is a document's $version; ac, av and the text after them are the device's acknowledgement.\n\n${ruleLegend()}\n`;

/** Each rule of the twin in a few words. */
const ruleWords = {
  "RR-1": "on every connection the whole twin is read, reconciled once and reported once",
  "RR-2": "only the cloud changed a value: it is applied and acknowledged with its version",
  "RR-3": "only the device changed a value: it is kept and reported",
  "RR-4": "both changed a value while offline: the policy decides, and the losing value stays on record",
  "RR-5": "the cloud set the same value again: this counts as a change against the device's",
  "RR-6": "a value that is not valid is refused with the reason; the others of the patch apply",
  "RR-7": "a value that the cloud deleted returns to its default",
  "RR-8": "after a quiet time both sides agree, and a repeated message changes nothing",
  "RR-9": "a power cut loses no change that the screen showed, and applies no old value again",
} as const;

export const ruleLegend = (): string =>
  Object.entries(ruleWords)
    .map(([rule, words]) => `  ${rule}  ${words}`)
    .join("\n");

export function sceneText(result: SceneResult, colour: boolean): string {
  const { bold, dim, good, bad } = palette(colour);
  const { rule, title, steps, before, after, decisions, claims, failure, holds } = result;
  const mark = (yes: boolean) => (yes ? good("✓") : bad("✗"));
  const lines = [
    `${bold(rule)}  ${bold(title)}`,
    ...steps.map((step) => `  · ${step}.`),
    ...(before ? documentLines("before", before, dim) : []),
    ...(after ? documentLines("after ", after, dim) : []),
    ...decisions
      .flatMap(decisionLines)
      .map((line, index) => `  ${dim(index === 0 ? "log" : "   ")}     ${line}`),
    ...claims.map((claim) => `  ${mark(claim.holds)} ${claim.words}`),
    ...(failure === undefined ? [] : [`  ${bad("✗")} ${failure}`]),
    `  ${mark(holds)} ${bold(holds ? `${rule} passed` : `${rule} failed`)} ${dim(seconds(result.milliseconds))}\n`,
  ];
  return lines.join("\n");
}

export interface DemoSummary {
  readonly scenes: number;
  /** Rule and title of each scene that failed. */
  readonly missed: readonly string[];
  readonly milliseconds: number;
}

export function demoEnd({ scenes, missed, milliseconds }: DemoSummary, colour: boolean): string {
  const { good, bad } = palette(colour);
  if (missed.length === 0) return good(`✓ all ${scenes} scenes passed in ${seconds(milliseconds)}`);
  const rows = missed.map((scene) => `\n  ${scene}`).join("");
  return bad(`✗ ${missed.length} of ${scenes} scenes failed:${rows}`);
}

const terminalWidth = 80;

/**
 * Both documents as columns, a row for each property; the acknowledgement's text is below it where it does
 * not fit.
 */
function documentLines(label: string, view: TwinView, dim: Paint): string[] {
  const head = ["", `desired v${view.desiredVersion}`, `reported v${view.reportedVersion}`];
  const rows = view.properties.map(({ name, desired, reported }) => [
    name,
    desired === undefined ? "—" : JSON.stringify(desired),
    ...reportedText(reported),
  ]);
  const table = [head, ...rows];
  const width = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const [names, wanted] = [width(0), width(1)];
  return table.flatMap(([name = "", desired = "", reported = "", why], index) => {
    const line = `${name.padEnd(names)}  ${desired.padEnd(wanted)}  ${reported}`;
    if (index === 0) return dim(`  ${label}  ${line}`);
    const start = `          ${line}`;
    if (why === undefined) return start;
    const fullLine = `${start}, ${why}`;
    return fullLine.length <= terminalWidth ? fullLine : [start, dim(`            ${why}`)];
  });
}

/** The value with its acknowledgement, and the acknowledgement's text. */
function reportedText(reported: PropertyView["reported"]): string[] {
  if (reported === undefined) return ["—"];
  if (!isRecord(reported) || !("value" in reported)) {
    return [JSON.stringify(reported)];
  }
  const { value, ac, av, ad } = reported;
  // Only the time of day is shown.
  const why = String(ad).replaceAll(/\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:\.\d+)?Z/g, "$1");
  return [`${JSON.stringify(value ?? null)}, ac ${ac}, av ${av}`, why];
}

function decisionLines({ rule, property, version, won, lost, reason }: DemoDecision): string[] {
  const sides = [won && `won ${won}`, lost && `lost ${lost}`].filter(Boolean).join(", ");
  return [`${rule} ${property}, desired v${version}: ${sides}`, `  ${reason}`];
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

function palette(colour: boolean): Palette {
  const paint =
    (code: number): Paint =>
    (text) =>
      colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31) };
}
