import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { type I2cPackage, openKernelI2c } from "../../../src/board/kernel/i2c.ts";
import { BusError } from "../../../src/chips/bus.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { errno } from "./fake-gpio.ts";

/** The package i2c-bus with one chip that answers what was written to it last. */
class FakePackage implements I2cPackage {
  opened = 0;
  closed = 0;
  /** What happens to the coming transfers, in order; "hang": never settles until released. */
  readonly script: (string | "hang" | "short")[] = [];
  readonly #release: (() => void)[] = [];
  #memory = Buffer.alloc(0);

  async openPromisified() {
    this.opened++;
    return {
      i2cWrite: async (_address: number, length: number, buffer: Buffer) => {
        await this.#act();
        this.#memory = Buffer.from(buffer);
        return { bytesWritten: length };
      },
      i2cRead: async (_address: number, length: number, buffer: Buffer) => {
        const short = (await this.#act()) === "short";
        this.#memory.copy(buffer);
        return { bytesRead: short ? length - 1 : length };
      },
      close: async () => {
        this.closed++;
      },
    };
  }

  releaseOne(): void {
    this.#release.shift()?.();
  }

  async #act(): Promise<string | undefined> {
    const next = this.script.shift();
    if (next === "hang") await new Promise<void>((resolve) => this.#release.push(resolve));
    else if (next !== undefined && next !== "short") throw errno(next);
    return next;
  }
}

async function opened(native = new FakePackage()) {
  const clock = new VirtualClock();
  const bus = await openKernelI2c(1, { clock, load: async () => native, probe: async () => undefined });
  return { bus, native, clock };
}

const failureOf = (work: Promise<unknown>): Promise<BusError> =>
  work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => {
      if (error instanceof BusError) return error;
      throw error;
    },
  );

describe("Opening the kernel's I²C bus", () => {
  const failing = (code: string) =>
    failureOf(
      openKernelI2c(1, {
        clock: new VirtualClock(),
        load: async () => new FakePackage(),
        probe: async (path) => {
          expect(path).toBe("/dev/i2c-1");
          throw errno(code);
        },
      }),
    );

  it("says how to enable I²C when the device file is missing", async () => {
    const error = await failing("ENOENT");
    expect(error.code).toBe("absent");
    expect(error.message).toContain("raspi-config nonint do_i2c 0");
  });

  it("says which group to join when it is not permitted", async () => {
    const error = await failing("EACCES");
    expect(error.code).toBe("denied");
    expect(error.message).toContain("usermod -aG i2c");
  });

  it("says how to build the package when it is missing", async () => {
    const load = () => Promise.reject(errno("ERR_MODULE_NOT_FOUND"));
    const error = await failureOf(
      openKernelI2c(1, { clock: new VirtualClock(), load, probe: async () => undefined }),
    );
    expect(error.code).toBe("no-driver");
    expect(error.message).toContain("npm rebuild i2c-bus");
  });
});

describe("A transfer on the kernel's I²C bus", () => {
  it("writes and reads whole buffers", async () => {
    const { bus } = await opened();
    await bus.write(0x44, Uint8Array.of(1, 2, 3));
    expect(await bus.read(0x44, 3)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("writes what the buffer held at the call, though the caller uses it again at once", async () => {
    const { bus } = await opened();
    const bytes = Uint8Array.of(1, 2, 3);
    const writing = bus.write(0x44, bytes);
    bytes.fill(0);
    await writing;
    expect(await bus.read(0x44, 3)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ["EREMOTEIO", "nack"],
    ["ENXIO", "nack"],
    ["ETIMEDOUT", "timeout"],
    ["EAGAIN", "io"],
    ["EIO", "io"],
    ["EBUSY", "busy"],
    ["ENOENT", "absent"],
    ["EACCES", "denied"],
    ["ESOMETHINGELSE", "io"],
  ])("that fails with %s is a BusError %s, and the next one works", async (code, expected) => {
    const { bus, native } = await opened();
    native.script.push(code);
    const error = await failureOf(bus.write(0x44, Uint8Array.of(1)));
    expect(error.code).toBe(expected);
    expect(error.message).toMatch(/^\/dev\/i2c-1, address 0x44: /);
    await bus.write(0x44, Uint8Array.of(2));
    expect(await bus.read(0x44, 1)).toEqual(Uint8Array.of(2));
  });

  it("that ends short is an error, not half a reading", async () => {
    const { bus, native } = await opened();
    native.script.push("short");
    expect((await failureOf(bus.read(0x44, 6))).code).toBe("io");
  });

  it("gets a new bus object after EBUSY, whose descriptor has lost its address", async () => {
    const { bus, native, clock } = await opened();
    native.script.push("EBUSY");
    await failureOf(bus.write(0x3c, Uint8Array.of(1)));
    await bus.write(0x44, Uint8Array.of(1));
    await clock.settle();
    expect(native).toMatchObject({ opened: 2, closed: 1 });
  });

  it("that never ends is given up after 2 s, and the next one runs on a new bus object", async () => {
    const { bus, native, clock } = await opened();
    native.script.push("hang");
    const stuck = failureOf(bus.read(0x44, 6));
    const next = bus.write(0x44, Uint8Array.of(1));
    await clock.advance(seconds(2));
    expect((await stuck).code).toBe("timeout");
    await next;
    expect(native).toMatchObject({ opened: 2, closed: 0 });
  });

  it("closes a given-up bus object only when its transfer has ended", async () => {
    const { bus, native, clock } = await opened();
    native.script.push("hang");
    const stuck = failureOf(bus.read(0x44, 6));
    await clock.advance(seconds(2));
    await stuck;
    native.releaseOne();
    await clock.settle();
    expect(native.closed).toBe(1);
  });

  it("never leaves more than two threads behind a stuck bus, and works again when it comes free", async () => {
    const { bus, native, clock } = await opened();
    native.script.push("hang", "hang", "hang");
    const failures = [bus.read(0x44, 6), bus.read(0x44, 6), bus.read(0x44, 6)].map(failureOf);
    await clock.advance(seconds(4));
    for (const failure of failures) expect((await failure).code).toBe("timeout");
    expect(native.script).toEqual(["hang"]);
    native.script.length = 0;
    native.releaseOne();
    await clock.settle();
    await bus.write(0x44, Uint8Array.of(1));
  });

  it("is refused after close, which waits for those under way", async () => {
    const { bus, native } = await opened();
    const last = bus.write(0x44, Uint8Array.of(1));
    await bus.close();
    await last;
    expect(native.closed).toBe(1);
    expect((await failureOf(bus.write(0x44, Uint8Array.of(1)))).code).toBe("absent");
  });
});
