import { expect, it } from "vitest";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import { certificates, message, Rig, until } from "../rig.ts";

it("a device with a certificate registers, connects and sends by it, without a password", async () => {
  const { authority } = await certificates();
  const device = await authority.issue("dev-1");
  const rig = await Rig.make();
  try {
    const proof = {
      kind: "certificate",
      certificatePem: device.cert,
      keyPem: new Secret(device.key),
    } as const;
    const link = rig.open({ credentials: { ...rig.dps, proof } });
    await until(() => rig.seen.online === 1, "the link");
    expect(await link.send(message("m"))).toBe("ok");
    expect(rig.hub.registrations).toBe(1);
    expect(rig.hub.passwords).toEqual(["", ""]);
    expect(
      [...rig.hub.sockets].map((socket) => [socket.authorized, socket.getPeerCertificate().subject.CN]),
    ).toEqual([[true, "dev-1"]]);
  } finally {
    await rig.end();
  }
});
