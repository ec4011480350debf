/** A supervised process that ends at once, or does its work. */
export class CrashingChild {
  crashes = false;
  readonly pid = 1;
  #onMessage: (message: unknown) => void = () => {};
  #onExit: (code: number | null, signal: string | null) => void = () => {};
  again(): this {
    queueMicrotask(() => {
      if (this.crashes) this.#onExit(70, null);
      else this.#onMessage({ kind: "health" });
    });
    return this;
  }
  send(message: { readonly kind?: string }, done: (arrived: boolean) => void): void {
    done(true);
    if (message.kind === "ping") this.#onMessage({ kind: "pong" });
  }
  onMessage(listener: (message: unknown) => void): void {
    this.#onMessage = listener;
  }
  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#onExit = listener;
  }
  kill(): void {}
}
