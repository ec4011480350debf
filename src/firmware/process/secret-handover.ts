/**
 * Secrets that came by the environment, on their way from the guardian to each loop that it starts.
 *
 * Guarantee: after `HeldSecrets.take` they are in no environment that Node shows or passes on: not a child's, nor a
 * diagnostic report's, nor what NODE_DEBUG=child_process prints of a start; a loop that is started again gets them again,
 * over its channel to the guardian, once it asks. A DEBUG trace shows no token. What no program can take back is the
 * kernel's copy of how the guardian itself was started (/proc/PID/environ): that is open to the same user and root, as
 * credentials.json is.
 */
import type { ChildProcess } from "node:child_process";
import { Secret } from "../../azure/credentials/secret.ts";
import { secretVariables } from "../../azure/credentials/secret-variables.ts";
import { read } from "../../base/schema/schema.ts";
import { type GuardianToLoop, type LoopToGuardian, secretHandover } from "./messages.ts";

const names: readonly string[] = Object.values(secretVariables);
/** Traces (https://www.npmjs.com/package/debug) that quote each packet they write, with its token. */
const leakyTraces = "-mqtt-packet:*";

/** A question for `HeldSecrets.answer`, which every process that holds them listens for by itself. */
export const asksForSecrets = (message: unknown): boolean =>
  read(secretHandover, message)?.kind === "secrets-wanted";

/** The guardian's side. */
export class HeldSecrets {
  readonly #held: ReadonlyMap<string, Secret>;

  private constructor(held: ReadonlyMap<string, Secret>) {
    this.#held = held;
  }

  /** Takes them out of `env`, and tells the traces of the processes started with it to quote no token. */
  static take(env: NodeJS.ProcessEnv): HeldSecrets {
    if (env["DEBUG"]) env["DEBUG"] += `,${leakyTraces}`;
    return new HeldSecrets(
      new Map(Object.entries(takeSecrets(env)).map(([name, text]) => [name, new Secret(text)])),
    );
  }

  /** Answers this loop whenever it asks. */
  answer(loop: ChildProcess): void {
    loop.on("message", (message) => {
      if (!asksForSecrets(message) || !loop.connected) return;
      const values = Object.fromEntries([...this.#held].map(([name, secret]) => [name, secret.reveal()]));
      // With a callback a loop that is gone is an argument of it, not an exception.
      loop.send({ kind: "secrets-given", values } satisfies GuardianToLoop, () => {});
    });
  }
}

/** The loop's side of the channel; `process` fits. */
export interface Channel {
  readonly send?: NodeJS.Process["send"];
  on(event: "message", listener: (message: unknown) => void): unknown;
  off(event: "message", listener: (message: unknown) => void): unknown;
  once(event: "disconnect", listener: () => void): unknown;
}

/**
 * The environment as credentials are to be read from it, secrets included; those that were in `env` are gone from it.
 * Without a guardian there is nobody to ask.
 */
export async function environmentWithSecrets(
  channel: Channel,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const own = takeSecrets(env);
  const handed = channel.send === undefined ? {} : await ask(channel);
  return { ...env, ...own, ...handed };
}

function ask(channel: Channel): Promise<Readonly<Record<string, string>>> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      const said = read(secretHandover, message);
      if (said?.kind !== "secrets-given") return;
      channel.off("message", take);
      resolve(said.values);
    };
    channel.on("message", take);
    channel.once("disconnect", () => resolve({}));
    const question: LoopToGuardian = { kind: "secrets-wanted" };
    channel.send?.(question, undefined, undefined, (error) => error && resolve({}));
  });
}

function takeSecrets(env: NodeJS.ProcessEnv): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) taken[name] = value;
    delete env[name];
  }
  return taken;
}
