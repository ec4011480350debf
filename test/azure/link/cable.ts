/** A cable between a device and a hub: a TCP proxy that can be closed, reset, or made to swallow everything. */
import { connect, createServer, type Server, type Socket } from "node:net";

type Pair = readonly [near: Socket, far: Socket];

export class Cable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #abandoned = new WeakSet<Pair>();
  #silent = false;
  #deaf = false;
  /** Connections ever made through it. */
  made = 0;
  /** Refuse new connections, by closing them at once. */
  unplugged = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Cable> {
    const server = createServer();
    const cable = new Cable(server);
    server.on("connection", (near) => cable.#join(near, port));
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return cable;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Everything that is sent from now on vanishes, in both directions; connections stay up. */
  silence(silent: boolean): void {
    this.#silent = silent;
  }

  /** What the far side sends from now on vanishes: everything arrives there, and no acknowledgement comes back. */
  loseAnswers(lose: boolean): void {
    this.#deaf = lose;
  }

  /** The near side's power goes: its sockets are gone, and the far side hears nothing of it. */
  abandonAll(): void {
    for (const pair of [...this.#pairs]) {
      this.#abandoned.add(pair);
      pair[0].destroy();
    }
  }

  /** Both sides see an orderly end. */
  closeAll(): void {
    for (const [near, far] of [...this.#pairs]) {
      near.end();
      far.end();
    }
  }

  resetAll(): void {
    for (const [near, far] of [...this.#pairs]) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  async stop(): Promise<void> {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #join(near: Socket, port: number): void {
    if (this.unplugged) {
      near.resetAndDestroy();
      return;
    }
    this.made++;
    const far = connect(port, "127.0.0.1");
    const pair: Pair = [near, far];
    this.#pairs.add(pair);
    this.#carry(near, far, pair, () => this.#silent);
    this.#carry(far, near, pair, () => this.#silent || this.#deaf);
  }

  #carry(from: Socket, to: Socket, pair: Pair, isLost: () => boolean): void {
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      if (!isLost() && to.writable) to.write(chunk);
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (this.#abandoned.has(pair) && from === pair[0]) return;
      to.destroy();
      this.#pairs.delete(pair);
    });
  }
}
