/**
 * The interface between the Azure link and the firmware: types only.
 *
 * Guarantee: no method throws or blocks; what is not possible now returns "failed". Handlers may throw without effect on
 * the link.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { WallMillis } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { CommandName, CommandParameter } from "../../model/cloud-model.ts";
import type { Credentials } from "../credentials/credentials.ts";
import type { LinkCause } from "./cause.ts";
import type { CloudTuning } from "./tuning.ts";

export interface CloudOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder for the hub assignment and the ids of executed commands. */
  readonly dataPath: string;
  readonly files: CloudFiles;
  readonly handlers: CloudHandlers;
  /** DTMI announced to DPS and to the hub. */
  readonly modelId: string;
  /** Certificates to trust in place of the public ones, PEM. */
  readonly caPem?: string | undefined;
  /** The capability gate, called before every connection. Returns an error for a host (without port) not allowed. */
  readonly refuseHost?: ((host: string) => Error | undefined) | undefined;
  /** Uniform in 0…1, for jitter. */
  readonly random?: (() => number) | undefined;
  readonly tuning?: Partial<CloudTuning> | undefined;
  /** The hub runs on this machine, so both use the same clock, even if it is wrong. */
  readonly sharesClock?: boolean | undefined;
}

/** File operations for the link's stored state; implemented by the firmware's durable files. */
export interface CloudFiles {
  /** `undefined` when there is no such file. */
  read(path: string): Promise<string | undefined>;
  writeDurably(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

export interface CloudHandlers {
  /** `{desired, reported}` as the hub sent it; once after every connection, and after each `refetchTwin`. */
  onTwin(document: unknown): void;
  /** A desired patch with its `$version`, always after `onTwin`. May be old or repeated. */
  onPatch(patch: unknown, version: number): void;
  /** `parameter` matches the command's schema. Answer within 25 s: the caller waits no longer. */
  onCommand(name: CommandName, parameter: CommandParameter | undefined): Promise<CommandReply>;
  /** `cause`: why the link is not online. */
  onLink(state: LinkState, cause?: LinkCause): void;
}

export interface CommandReply {
  /** As in HTTP: 200 done, 202 begun, 4xx refused. */
  readonly status: number;
  /** Plain JSON, small. */
  readonly payload: unknown;
}

export interface TelemetryMessage {
  /** The same at every attempt: receivers detect duplicates by it. */
  readonly messageId: string;
  /** JSON text. */
  readonly body: string;
  /** Time of the observation; `undefined` when the clock was wrong: no time is better than a wrong one. */
  readonly createdMs: WallMillis | undefined;
  /** Its component in the model, if any. */
  readonly component?: string | undefined;
  /** Further application properties. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

export type Outcome = "ok" | "failed";

export interface CloudLink {
  /** Sends a patch of reported properties. "ok": the hub has accepted it. */
  report(patch: Readonly<Record<string, unknown>>): Promise<Outcome>;
  /** Gets the whole twin again, for `onTwin`. Concurrent calls are combined. */
  refetchTwin(): void;
  /** "ok": the hub has acknowledged it. After "failed" it may still have arrived. */
  send(message: TelemetryMessage): Promise<Outcome>;
  /** Ends the connection and all pending calls. Never rejects; takes at most `closeMs`. */
  close(): Promise<void>;
}
