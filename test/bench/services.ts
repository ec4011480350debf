/** The child's side of child.ts: answers questions by name. Small: it is part of what is measured. */

export type Services = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

const hasId = (message: unknown): message is { readonly id: number } =>
  typeof message === "object" && message !== null && typeof Reflect.get(message, "id") === "number";

export const isAnswer = (message: unknown): message is Answer => hasId(message);

const isQuestion = (message: unknown): message is Question => hasId(message) && "name" in message;

/** Answers until the parent is gone, then ends the process. */
export function serve(services: Services): void {
  process.on("message", (message) => {
    if (!isQuestion(message)) return;
    const { id, name, args } = message;
    const service = services[name];
    const done: Promise<unknown> =
      service === undefined ? Promise.reject(new Error("no such service")) : service(...(args as never[]));
    done.then(
      (value) => process.send?.({ id, value } satisfies Answer),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Answer),
    );
  });
  process.once("disconnect", () => process.exit());
}
