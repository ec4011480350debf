/**
 * A scene of the demonstration: a rule, actions, and claims about the result.
 *
 * Guarantee: a scene always ends with a result, also after errors; claims are checked on the documents shown.
 */

import { messageOf } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import type { ControlValue, WritableName } from "../../model/properties.ts";
import type { DemoDecision, PropertyView, Stage, TwinView } from "./stage.ts";

export interface Scene {
  /** RR-1 to RR-9. */
  readonly rule: string;
  readonly title: string;
  /** The properties to show. */
  readonly properties: readonly WritableName[];
  /** Sets up the initial state. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** @param say tells what happens now, one sentence without a full stop */
  readonly play: (stage: Stage, say: (step: string) => void) => Promise<void>;
  readonly claims: readonly Claim[];
}

/** Conditions that must hold at the end. */
export interface Claim {
  readonly words: string;
  readonly holds: (moment: Moment) => boolean;
}

export interface Moment {
  readonly before: TwinView;
  readonly now: TwinView;
  /** Those of this scene. */
  readonly decisions: readonly DemoDecision[];
  readonly stage: Stage;
}

export interface SceneResult {
  readonly rule: string;
  readonly title: string;
  readonly steps: readonly string[];
  readonly before: TwinView | undefined;
  readonly after: TwinView | undefined;
  readonly decisions: readonly DemoDecision[];
  readonly claims: readonly { readonly words: string; readonly holds: boolean }[];
  /** Why the scene could not be completed. */
  readonly failure: string | undefined;
  /** The rule passed. */
  readonly holds: boolean;
  readonly milliseconds: number;
}

export async function playScene(scene: Scene, stage: Stage): Promise<SceneResult> {
  const { rule, title, properties } = scene;
  const startedAt = stage.clock.now();
  const steps: string[] = [];
  let before: TwinView | undefined;
  let moment: Moment | undefined;
  let failure: string | undefined;
  let decisionsBefore = stage.decisions.length;
  try {
    if (scene.prepare) {
      await scene.prepare(stage);
      await stage.until("the initial state of the scene", () => stage.settled);
    }
    decisionsBefore = stage.decisions.length;
    const first = stage.view(properties);
    before = first;
    const look = (): Moment => ({
      before: first,
      now: stage.view(properties),
      decisions: stage.decisions.slice(decisionsBefore),
      stage,
    });
    await scene.play(stage, (step) => void steps.push(step));
    await stage.becomesTrue(() => stage.settled && checkClaims(scene, look()).every(({ holds }) => holds));
    moment = look();
    if (!stage.settled) failure = "the hub did not receive the values in force";
  } catch (error) {
    failure = messageOf(error);
  }
  const last = moment;
  const claims = last ? checkClaims(scene, last) : scene.claims.map(({ words }) => ({ words, holds: false }));
  return {
    rule,
    title,
    steps,
    before,
    after: last?.now,
    decisions: stage.decisions.slice(decisionsBefore),
    claims,
    failure,
    holds: failure === undefined && claims.every(({ holds }) => holds),
    milliseconds: Math.round(stage.clock.now() - startedAt),
  };
}

const checkClaims = ({ claims }: Scene, moment: Moment) =>
  claims.map(({ words, holds }) => ({ words, holds: holds(moment) }));

export const propertyIn = (view: TwinView, name: WritableName): PropertyView | undefined =>
  view.properties.find((property) => property.name === name);

/** @param answers "desired": the current `$version` of the desired document; "none": no desired value at all */
export function reports(
  name: WritableName,
  value: ControlValue,
  ac: 200 | 203 | 400,
  answers: "desired" | "none",
): Claim {
  const answered = answers === "desired" ? "the desired version" : "no desired version (av 0)";
  return {
    words: `the device is at ${value} and reports it with ${ac}, answering ${answered}`,
    holds: ({ now }) => {
      const property = propertyIn(now, name);
      const { reported } = property ?? {};
      return (
        property?.inForce === value &&
        isRecord(reported) &&
        reported["value"] === value &&
        reported["ac"] === ac &&
        reported["av"] === (answers === "desired" ? now.desiredVersion : 0)
      );
    },
  };
}

/** The device decided this once, and nothing else about the property. */
export function decides(rule: string, name: WritableName, sides: { won?: string; lost?: string }): Claim {
  const { won, lost } = sides;
  const who = [won && `for “${won}”`, lost && `against “${lost}”`].filter(Boolean).join(" ");
  return {
    words: `the event log records it: ${rule} decided ${who}`.trimEnd(),
    holds: ({ decisions }) => {
      const about = decisions.filter(({ property }) => property === name);
      return (
        about.length === 1 &&
        about.every(
          (each) =>
            each.rule === rule &&
            (won === undefined || each.won === won) &&
            (lost === undefined || each.lost === lost),
        )
      );
    },
  };
}
