/**
 * Folder demo/: the demonstration: a device and a local hub in one process, with an unpluggable cable.
 *
 * Plays all scenes of the demonstration.
 *
 * Guarantee: hub, device and folder are removed afterwards, also after an interruption; a rule without a played scene
 * counts as failed.
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
  /** Called as each scene ends; the next one waits for it. */
  readonly onScene: (result: SceneResult) => void | Promise<void>;
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
      await onScene(result);
    }
    return results;
  } finally {
    await stage.close();
  }
}
