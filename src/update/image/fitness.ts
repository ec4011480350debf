/**
 * Checks that an authentic image is for this device: its product, machine, Node.js, stored state and history.
 *
 * Guarantee: pure. An image that passes here can start on this device, and is not older than what it confirmed.
 */
import { compareVersions } from "../../base/version.ts";
import { type ImageManifest, product } from "./image-manifest.ts";
import { ImageRefused } from "./refusal.ts";

/** The machine that an image must support. */
export interface Machine {
  /** `process.versions.node`, `process.versions.modules`, `process.arch`, `process.platform`. */
  readonly node: string;
  readonly abi: number;
  readonly architecture: string;
  readonly platform: string;
  /** The version of the state that is stored. */
  readonly stateVersion: number;
  /** Versions of the guardian's messages that the launcher supports. */
  readonly protocols: readonly number[];
}

/** The machine and its update history. */
export interface Target extends Machine {
  /** The highest counter that was confirmed; 0 before the first. */
  readonly counterFloor: number;
  /** SHA-256 of the manifest that has this counter already, if one was installed with it. */
  readonly installed: ReadonlyMap<number, string>;
  /** SHA-256 of the manifests that were tried and reverted. */
  readonly failed: ReadonlySet<string>;
}

const refuse = (code: ImageRefused["code"], reason: string): never => {
  throw new ImageRefused(code, reason);
};

/** @param digest SHA-256 of the manifest's bytes. @throws ImageRefused */
export function checkFits(image: ImageManifest, digest: string, target: Target): void {
  checkRuns(image, target);
  if (target.failed.has(digest)) refuse("known-bad", "it was tried on this device before and reverted");
  if (image.counter < target.counterFloor) {
    refuse("downgrade", `its counter is ${image.counter}; this device has confirmed ${target.counterFloor}`);
  }
  const same = target.installed.get(image.counter);
  if (same !== undefined && same !== digest) {
    refuse("downgrade", `counter ${image.counter} is installed here with a different content`);
  }
}

/**
 * Checks that it can run here; called at each start, since Node.js or the launcher may have changed. @throws
 * ImageRefused
 */
export function checkRuns(image: ImageManifest, target: Machine): void {
  if (image.product !== product) refuse("other-product", `it is for "${image.product}", this is ${product}`);
  if (
    compareVersions(target.node, image.node.min) < 0 ||
    compareVersions(target.node, image.node.below) >= 0
  ) {
    const range = `${image.node.min} up to, not including, ${image.node.below}`;
    refuse("wrong-node", `it is for Node.js ${range}; here is ${target.node}`);
  }
  const native = image.native;
  if (native !== null) {
    const here = `${target.platform}-${target.architecture}`;
    const there = `${native.platform}-${native.architecture}`;
    if (here !== there) refuse("wrong-architecture", `its native packages are for ${there}; here is ${here}`);
    if (native.abi !== null && native.abi !== target.abi) {
      refuse(
        "wrong-node",
        `its native packages are for Node.js ABI ${native.abi}; here is ABI ${target.abi}`,
      );
    }
  }
  if (image.state.reads > target.stateVersion || image.state.writes < target.stateVersion) {
    const range = `${image.state.reads} to ${image.state.writes}`;
    refuse("wrong-state", `it reads stored state of version ${range}; here is ${target.stateVersion}`);
  }
  // Images without this member use version 1.
  const protocol = image.protocol ?? 1;
  if (!target.protocols.includes(protocol)) {
    const known = target.protocols.join(", ");
    refuse("wrong-protocol", `its loop uses protocol ${protocol}; this guardian supports ${known}`);
  }
}
