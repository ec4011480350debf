/**
 * Hands secrets that came in the environment from the guardian to each loop that it starts.
 *
 * Guarantee: after `HeldSecrets.take` they are in no environment that Node shows or passes on: not in a
 * child's, a diagnostic report's, or the output of NODE_DEBUG=child_process. A restarted loop requests them
 * again from the guardian, over its channel. A DEBUG trace shows no token. The kernel keeps a copy of the
 * guardian's first environment (/proc/PID/environ), which no program can change: only the same user and root
 * can read it, like credentials.json.
 */
import type { ChildProcess } from "node:child_process";
import { Secret, secretVariables } from "../../azure/credentials/secret.ts";
import { read } from "../../base/schema/schema.ts";
import { mqttVariables } from "../home-assistant-process/mqtt-variables.ts";
import { type GuardianToLoop, type LoopToGuardian, secretHandover } from "./messages.ts";

const names: readonly string[] = [...Object.values(secretVariables), mqttVariables.password];
/** Traces (https://www.npmjs.com/package/debug) that print each packet, with its token. */
const leakyTraces = "-mqtt-packet:*";

/** A request that `HeldSecrets.answer` answers: other listeners must not handle it. */
export const asksForSecrets = (message: unknown): boolean =>
  read(secretHandover, message)?.kind === "secrets-wanted";

/** The guardian's side. */
export class HeldSecrets {
  readonly #held: ReadonlyMap<string, Secret>;

  private constructor(held: ReadonlyMap<string, Secret>) {
    this.#held = held;
  }

  /** Removes them from `env`, and sets DEBUG there so that traces of child processes print no token. */
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
      // With a callback, a loop that has ended is reported to the callback and not thrown.
      loop.send({ kind: "secrets-given", values } satisfies GuardianToLoop, () => {});
    });
  }
}

/** The loop's side of the channel: `process`, or a fake in a test. */
export interface Channel {
  readonly send?: NodeJS.Process["send"];
  on(event: "message", listener: (message: unknown) => void): unknown;
  off(event: "message", listener: (message: unknown) => void): unknown;
  once(event: "disconnect", listener: () => void): unknown;
}

/**
 * The environment to read credentials from, including the secrets; secrets in `env` are removed from it.
 * Without a guardian none are requested.
 */
export async function environmentWithSecrets(
  channel: Channel,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const own = takeSecrets(env);
  const given = channel.send === undefined ? {} : await ask(channel);
  return { ...env, ...own, ...given };
}

function ask(channel: Channel): Promise<Readonly<Record<string, string>>> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      const received = read(secretHandover, message);
      if (received?.kind !== "secrets-given") return;
      channel.off("message", take);
      resolve(received.values);
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
