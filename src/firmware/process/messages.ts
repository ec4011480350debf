/**
 * Folder process/: what every process of the firmware needs: clock, log, exit codes, messages.
 *
 * The messages between the guardian, the loop and the local hub: one union for each direction. Those between
 * the loop and its cloud process are in cloud-process/messages.ts, those about the device's front in
 * front/messages.ts.
 *
 * An update brings another loop than the guardian was built with, older or newer. `guardianProtocol` is the
 * version of what both use: the flags of the verb `loop`, these messages, and the launch note
 * (update/launch-note.ts). Increase it with every incompatible change; an addition that may be ignored is not
 * one.
 *
 * Guarantee: `read` of base/schema reads all of them: a message is complete and of its type, or is ignored.
 * The contents that concern heating are defined elsewhere: the guardian loads this file, and forwards other
 * messages without parsing their contents.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, map, object } from "../../base/schema/structures.ts";
import { boolean, integer, oneOf, optional, string } from "../../base/schema/values.ts";
import { faultSimulation, panelPress } from "../../hub/page-server/bodies.ts";

export const guardianProtocol = 1;

const nothing = object({});
export const secretsGiven = object({ values: map(string()) });
/** The device's own page is ready. */
const pageReady = object({ page: string() });
/** The local hub is ready. `page`: empty where it has none. `credentials`: the folder with this device's credentials.json. */
export const hubReady = object({ page: string(), credentials: string() });

export const loopToGuardian = byKind("kind", {
  /** The loop made a step (heartbeat); with the relay state that it commands. */
  beat: object({ heaterOn: boolean }),
  /** The first message: the `guardianProtocol` of this loop. */
  hello: object({ protocol: integer(1) }),
  /** What an update on trial must prove; sent at each change. */
  health: object({
    /** A good reading was received since the start. */
    sensor: boolean,
    /** The relay's line could be written, and reads back what is commanded. */
    relay: boolean,
    /** Settings and stored state were read, and the state is stored again. */
    storage: boolean,
  }),
  /** Requests that this loop is ended, with the relay off first, and the next one chosen. @see update/swap/swap.ts */
  "replace-loop": object({
    /** The slot to try, and its image; absent: a person's request in request.json. */
    slot: optional(oneOf(["a", "b"])),
    digest: optional(string(undefined, 64)),
    /** The sensor fails already, so the next firmware is not blamed for that. */
    sensorFails: optional(boolean),
  }),
  "secrets-wanted": nothing,
  /** Without credentials there is no cloud to connect to: the loop needs a local hub. */
  "no-credentials": nothing,
  /** The loop needs no local hub: the device's own page is enough. */
  "page-wanted": nothing,
  /** Forwarded to the process with the hub or the page, which parses it. */
  "panel-shown": nothing,
});

export const guardianToLoop = byKind("kind", {
  /** The guardian's answer to each beat. */
  "beat-heard": nothing,
  /** Whether the watcher runs: the device shows a missing one as a fault (SR-11). */
  watcher: object({ missing: boolean }),
  /** The trial of this loop has succeeded: it may now store state that only it can read. */
  "update-confirmed": nothing,
  "secrets-given": secretsGiven,
  "hub-ready": hubReady,
  "page-ready": pageReady,
  /** Somebody pressed a key on the page. */
  "panel-pressed": panelPress,
  /** Somebody simulates a fault of a virtual hat on the page, or ends it. */
  "simulate-fault": faultSimulation,
});

/** From the process with the page: the local hub, or the device's own page. */
export const hubToGuardian = byKind("kind", {
  "hub-ready": hubReady,
  "page-ready": pageReady,
  "panel-pressed": panelPress,
  /** Somebody simulates a fault of a virtual hat on the page, or ends it. */
  "simulate-fault": faultSimulation,
});

/** Between a process that holds the secrets of the environment and one that it has started. */
export const secretHandover = byKind("kind", { "secrets-wanted": nothing, "secrets-given": secretsGiven });

export type LoopToGuardian = Infer<typeof loopToGuardian>;
export type GuardianToLoop = Infer<typeof guardianToLoop>;
export type HubToGuardian = Infer<typeof hubToGuardian>;
export type PageReady = Extract<HubToGuardian, { kind: "page-ready" }>;
export type HubReady = Extract<HubToGuardian, { kind: "hub-ready" }>;
