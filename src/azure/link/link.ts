/**
 * What the cloud half offers to the firmware, and what it asks of it: types only.
 *
 * Guarantee: nothing offered here throws or blocks; what cannot be done now is answered with "failed", and the
 * handlers may throw without harm to the link.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { WallMillis } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { CommandName } from "../../model/cloud-model.ts";
import type { Credentials } from "../credentials/credentials.ts";
import type { LinkCause } from "./cause.ts";
import type { CloudTuning } from "./tuning.ts";

export interface CloudOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder for the hub assignment and the ids of the commands that were carried out. */
  readonly dataPath: string;
  readonly files: CloudFiles;
  readonly handlers: CloudHandlers;
  /** DTMI announced to DPS and to the hub. */
  readonly modelId: string;
  /** Certificates to trust in place of the public ones, PEM. */
  readonly caPem?: string | undefined;
  /** Why a host (without a port) may not be connected to, asked before every connection; the capability gate. */
  readonly refuseHost?: ((host: string) => Error | undefined) | undefined;
  /** Uniform in 0…1, for jitter. */
  readonly random?: (() => number) | undefined;
  readonly tuning?: Partial<CloudTuning> | undefined;
  /** The hub stands on this machine: a clock that is wrong is wrong for both. */
  readonly sharesClock?: boolean | undefined;
}

/** The few file operations that the small state is kept by; the firmware's durable files fit. */
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
  /** A desired patch with its `$version`; those that came before the document follow it. May be old or repeated. */
  onPatch(patch: unknown, version: number): void;
  /** `parameter` fits the command's schema in the cloud model. Answer within 25 s: the caller waits no longer. */
  onCommand(name: CommandName, parameter: number | undefined): Promise<CommandReply>;
  /** `cause` says in words why the link is not online. */
  onLink(state: LinkState, cause?: LinkCause): void;
}

export interface CommandReply {
  /** As in HTTP: 200 done, 202 begun, 4xx refused. */
  readonly status: number;
  /** Plain JSON, small. */
  readonly payload: unknown;
}

export interface TelemetryMessage {
  /** The same at every attempt: a receiver knows a copy by it. */
  readonly messageId: string;
  /** JSON text. */
  readonly body: string;
  /** When it was observed, not sent; `undefined` when no clock was right then: no time is better than a wrong one. */
  readonly createdMs: WallMillis | undefined;
  /** The model's component that it belongs to, if any. */
  readonly component?: string | undefined;
  /** Further application properties. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

export type Outcome = "ok" | "failed";

export interface CloudLink {
  /** Resolves when the hub has taken the patch of the reported properties, or will not. */
  report(patch: Readonly<Record<string, unknown>>): Promise<Outcome>;
  /** Gets the whole twin again, for `onTwin`. Several calls at once become one. */
  refetchTwin(): void;
  /** Resolves "ok" when the hub has acknowledged it. "failed" says nothing about whether it arrived. */
  send(message: TelemetryMessage): Promise<Outcome>;
  /** Ends the connection and everything that waits. Never rejects, and takes no longer than `closeMs`. */
  close(): Promise<void>;
}
