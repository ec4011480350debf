/** One hub for a data folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { claimHub, HubRunningError } from "../../../src/firmware/hub-process/claim.ts";
import { startLocalHub } from "../../../src/firmware/hub-process/local-hub.ts";
import { temporaryFolder } from "../../hub/running-hub.ts";

const refusalOf = async (attempt: Promise<unknown>): Promise<HubRunningError> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HubRunningError) return error;
  throw new Error(`was not refused: ${String(error)}`);
};

describe("the claim on a hub's folder", () => {
  it("goes to one, and says to the next where the hub is and that it answers", async () => {
    const dataPath = await temporaryFolder();
    const options = { dataPath, log: silentLog, device: "heater-1", pagePort: 0 };
    const hub = await startLocalHub(options);
    onTestFinished(() => hub.close());
    const refused = await refusalOf(startLocalHub(options));
    expect(refused.note).toMatchObject({ page: hub.addresses.pageUrl, process: process.pid });
    expect(refused.answers).toBe(true);
    await hub.close();
    await (await startLocalHub(options)).close();
  });

  it("is refused by a hub without a page too: its lock is believed", async () => {
    const options = {
      dataPath: await temporaryFolder(),
      log: silentLog,
      device: "heater-1",
      page: "off" as const,
    };
    const hub = await startLocalHub(options);
    onTestFinished(() => hub.close());
    const refused = await refusalOf(startLocalHub(options));
    expect(refused).toMatchObject({ note: { page: "", process: process.pid }, answers: true });
    expect(refused.message).toMatch(/runs already \(process \d+\)$/);
    await hub.close();
    await (await startLocalHub(options)).close();
  });

  it("is refused while the other has not said yet where it is, or says nonsense", async () => {
    const folder = await temporaryFolder();
    const claim = await claimHub(folder);
    expect(await refusalOf(claimHub(folder))).toMatchObject({ note: undefined, answers: false });
    for (const nonsense of ["", "{", "[]", '{"page":1}', "x".repeat(10_000)]) {
      await writeFile(join(folder, "address"), nonsense);
      expect((await refusalOf(claimHub(folder))).note).toBeUndefined();
    }
    await claim.release();
    await (await claimHub(folder)).release();
  });

  it("dies with its holder, by kill -9 too, and what the dead one noted counts no more", async () => {
    const folder = await temporaryFolder();
    const holder = spawn("flock", ["-x", "--no-fork", folder, "sh", "-c", "echo held; exec sleep 1000"]);
    await once(holder.stdout, "data");
    const note = { process: 1, page: "http://localhost:1/", host: "127.0.0.1", port: 1 };
    await writeFile(join(folder, "address"), JSON.stringify(note));
    expect(await refusalOf(claimHub(folder))).toMatchObject({ note, answers: false });
    const ended = once(holder, "exit");
    holder.kill("SIGKILL");
    await ended;
    const claim = await claimHub(folder);
    await expect(stat(join(folder, "address"))).rejects.toMatchObject({ code: "ENOENT" });
    await claim.release();
  });

  it("is taken whatever stands in the place of the note", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "address"));
    const claim = await claimHub(folder);
    await claim.announce({ process: 1, page: "http://localhost:1/", host: "127.0.0.1", port: 1 });
    expect((await refusalOf(claimHub(folder))).note?.port).toBe(1);
    await claim.release();
  });
});
