/** A claimed unit against the local hub: registers through DPS and comes online by its certificate. */
import { expect, it, onTestFinished } from "vitest";
import { openCloud } from "../../../src/azure/azure.ts";
import type { Credentials } from "../../../src/azure/credentials/credentials.ts";
import { loadCredentials } from "../../../src/azure/credentials/load.ts";
import { systemPrivateFiles } from "../../../src/azure/credentials/private-files.ts";
import { signRequest } from "../../../src/firmware/claim/owner-ca.ts";
import { makeRequest } from "../../../src/firmware/claim/request.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { modelId } from "../../../src/model/cloud-model.ts";
import { message, quick, Recorder, until } from "../../azure/rig.ts";
import { testHub } from "../../hub/running-hub.ts";
import { accept, makeCa, nowMs, scene } from "./owner.ts";

/** All from credentials.json: the hub's address and authority too. */
async function connect(unit: string) {
  const credentials: Credentials | undefined = await loadCredentials({
    dataPath: unit,
    env: {},
    files: systemPrivateFiles,
  });
  if (credentials === undefined) throw new Error("not claimed");
  const seen = new Recorder();
  const link = openCloud({
    credentials,
    clock: systemClock,
    log: seen.log,
    dataPath: "/data",
    files: memoryFiles(),
    handlers: seen.handlers,
    modelId,
    caPem: credentials.caPem,
    tuning: quick,
  });
  onTestFinished(() => link.close());
  return { link, seen };
}

async function claim(ca: Awaited<ReturnType<typeof makeCa>>, unit: string, hub: RunningHub, id?: string) {
  const { requestPem } = await makeRequest(unit, id);
  const { chainPem } = await signRequest(ca, requestPem, { from: "r", days: 30, wallMs: nowMs });
  await accept(unit, chainPem, {
    idScope: hub.addresses.idScope,
    endpoint: hub.addresses.hubHost,
    serverCaPem: hub.caPem,
  });
}

it("a hub that trusts the owner's authority lets a claimed unit in, also after its renewal", async () => {
  const { unit, caFolder } = scene();
  const ca = await makeCa(caFolder);
  const hub = await testHub({ trustedPems: [ca.certPem] });
  await claim(ca, unit, hub, "heater-7");
  for (const round of [1, 2]) {
    const { link, seen } = await connect(unit);
    await until(() => seen.online === 1, `the link, round ${round}`);
    expect(await link.send(message(`m-${round}`))).toBe("ok");
    expect(hub.core.devices.get("heater-7")?.authentication.type).toBe("certificateAuthority");
    await link.close();
    await claim(ca, unit, hub);
  }
});

it("a hub that does not know the owner's authority refuses the unit, and the unit says why", async () => {
  const { unit, caFolder, folder } = scene();
  const ca = await makeCa(caFolder);
  const other = await makeCa(`${folder}/other`);
  const hub = await testHub({ trustedPems: [other.certPem] });
  await claim(ca, unit, hub, "heater-7");
  const { seen } = await connect(unit);
  await until(
    () => hub.lines.some(({ fields }) => JSON.stringify(fields).includes("certificate is not trusted")),
    "the refusal",
  );
  expect(seen.online).toBe(0);
  expect(hub.core.devices.get("heater-7")).toBeUndefined();
});
