/**
 * Folder demo/: the demonstration: a device and a local hub in virtual time, with the cable pulled.
 *
 * Plays the demonstration from its first scene to its last.
 *
 * Guarantee: hub, device and folder are gone afterwards, also when it was interrupted; a rule whose scene was not
 * played failed.
 */
import type { Clock } from "../../base/clock.ts";
import { playScene, type Scene, type SceneResult } from "./scene.ts";
import { Stage } from "./stage.ts";

export type { Scene, SceneResult } from "./scene.ts";
export { scenes } from "./scenes.ts";
export type { DemoDecision, PropertyView, TwinView } from "./stage.ts";

export interface DemoOptions {
  readonly clock: Clock;
  readonly scenes: readonly Scene[];
  /** Called as each scene ends. */
  readonly onScene: (result: SceneResult) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @returns the results, in order; fewer than the scenes only when interrupted
 * @throws Error as `startHub` does
 */
export async function playDemo({
  clock,
  scenes,
  onScene,
  signal,
}: DemoOptions): Promise<readonly SceneResult[]> {
  const stage = await Stage.open({ clock, signal });
  const results: SceneResult[] = [];
  try {
    for (const scene of scenes) {
      if (signal?.aborted) break;
      const result = await playScene(scene, stage);
      results.push(result);
      onScene(result);
    }
    return results;
  } finally {
    await stage.close();
  }
}
