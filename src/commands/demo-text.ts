/** The demonstration as text for a terminal: each scene with its rule, both documents before and after, its verdict. */
import type { DemoDecision, PropertyView, SceneResult, TwinView } from "../firmware/demo/demo.ts";

type Paint = (text: string) => string;
type Palette = Readonly<Record<"bold" | "dim" | "good" | "bad", Paint>>;

export const demoHead = (count: number): string =>
  `A hub, a device on the virtual hat and a cable between them: ${count} scenes, over MQTT and TLS on this machine.\n`;

export function sceneText(result: SceneResult, colour: boolean): string {
  const { bold, dim, good, bad } = palette(colour);
  const { rule, title, steps, before, after, decisions, claims, failure, holds } = result;
  const mark = (yes: boolean) => (yes ? good("✓") : bad("✗"));
  const lines = [
    `${bold(rule)}  ${bold(title)}`,
    ...steps.map((step) => `  · ${step}.`),
    ...(before && after ? documentLines(before, after, dim) : []),
    ...decisions.map((decision) => `  ${dim("log")}    ${decisionText(decision)}`),
    ...claims.map((claim) => `  ${mark(claim.holds)} ${claim.words}`),
    ...(failure === undefined ? [] : [`  ${bad("✗")} ${failure}`]),
    `  ${mark(holds)} ${bold(holds ? `${rule} came out` : `${rule} did not come out`)} ${dim(seconds(result.milliseconds))}\n`,
  ];
  return lines.join("\n");
}

export interface DemoWhole {
  readonly scenes: number;
  /** Rule and title of each scene that did not come out. */
  readonly missed: readonly string[];
  readonly milliseconds: number;
}

export function demoEnd({ scenes, missed, milliseconds }: DemoWhole, colour: boolean): string {
  const { good, bad } = palette(colour);
  if (missed.length === 0) return good(`✓ all ${scenes} scenes came out, in ${seconds(milliseconds)}`);
  const rows = missed.map((scene) => `\n  ${scene}`).join("");
  return bad(`✗ ${missed.length} of ${scenes} scenes did not come out:${rows}`);
}

/** Both halves of the twin, before and after, one property below the other. */
function documentLines(before: TwinView, after: TwinView, dim: Paint): string[] {
  return [
    ...[before, after].flatMap((view, index) => {
      const label = index === 0 ? "before" : "after ";
      const versions = dim(
        `desired $version ${view.desiredVersion}, reported $version ${view.reportedVersion}`,
      );
      return [`  ${dim(label)} ${versions}`, ...rows(view.properties)];
    }),
  ];
}

function rows(properties: readonly PropertyView[]): string[] {
  const width = Math.max(...properties.map(({ name }) => name.length));
  return properties.map(({ name, desired, reported }) => {
    const wanted = desired === undefined ? "—" : JSON.stringify(desired);
    return `         ${name.padEnd(width)}  desired ${wanted.padEnd(8)}  reported ${reportedText(reported)}`;
  });
}

function reportedText(reported: PropertyView["reported"]): string {
  if (typeof reported !== "object" || reported === null || Array.isArray(reported)) {
    return reported === undefined ? "—" : JSON.stringify(reported);
  }
  const members = Object.entries(reported).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return members.join(", ");
}

function decisionText({ rule, property, version, won, lost, reason }: DemoDecision): string {
  const sides = [won && `won ${won}`, lost && `lost ${lost}`].filter(Boolean).join(", ");
  return `${rule} ${property} (desired $version ${version}): ${sides}; ${reason}`;
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

function palette(colour: boolean): Palette {
  const paint =
    (code: number): Paint =>
    (text) =>
      colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31) };
}
