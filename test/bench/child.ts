/**
 * Programs of this folder in processes of their own: bundled, started, asked by name over IPC, killed at the end.
 *
 * Guarantee: `call` settles: with the answer, or with the error of a child that refused, failed or is gone.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { build } from "esbuild";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { type Answer, isAnswer, type Question, type Services } from "./services.ts";

export interface ChildOptions {
  readonly args?: readonly string[];
  /** What the child says that is no answer. */
  readonly onMessage?: (message: unknown, tell: (reply: object) => void) => void;
}

export class Child<S extends Services> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  private constructor(process: ChildProcess, { onMessage }: ChildOptions) {
    this.#process = process;
    process.on("message", (message: unknown) => {
      if (isAnswer(message)) this.#waiting.get(message.id)?.(message);
      else onMessage?.(message, (reply) => void process.send?.(reply));
    });
    process.once("exit", (code, signal) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `its process ended: ${code ?? signal}` });
    });
  }

  /** @param program file name in this folder, without its ending */
  static async start<S extends Services>(program: string, options: ChildOptions = {}): Promise<Child<S>> {
    const file = await bundled(program);
    // A benchmark that runs where a device does must not meet that device's own credentials.
    const child = spawn(process.execPath, [file, ...(options.args ?? [])], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: withoutCredentials(),
    });
    return new Child<S>(child, options);
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error("could not start a process");
    return pid;
  }

  async call<N extends keyof S & string>(
    name: N,
    ...args: Parameters<S[N]>
  ): Promise<Awaited<ReturnType<S[N]>>> {
    this.#asked += 1;
    const question: Question = { id: this.#asked, name, args };
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(question.id, resolve);
      this.#process.send(question, (error) => {
        if (error) resolve({ id: question.id, error: error.message });
      });
    });
    this.#waiting.delete(question.id);
    if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
    // What the child's service of that name resolved to; the types of both sides are one.
    return answer.value as Awaited<ReturnType<S[N]>>;
  }

  async end(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

export function withoutCredentials(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("IOTHUB_")));
}

const bundles = new Map<string, Promise<string>>();

/** Once: a program must not be written again while a first process of it is still reading it. */
function bundled(program: string): Promise<string> {
  const known = bundles.get(program);
  if (known !== undefined) return known;
  const made = bundle(program);
  bundles.set(program, made);
  return made;
}

async function bundle(program: string): Promise<string> {
  const outfile = join(packageRoot, ".cache", "tools", `bench-${program}.mjs`);
  await build({
    entryPoints: [join(packageRoot, "test", "bench", `${program}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  return outfile;
}
