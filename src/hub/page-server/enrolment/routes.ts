/**
 * Folder enrolment/: a device is added on the page.
 *
 * Enrols a device from the page.
 *
 * Guarantee: a connection string is shown for a new device alone, so nobody reads a key that a device already uses.
 */
import type { Hono } from "hono";
import { deviceConnectionString, type EnrolmentParts, enrolWithKey } from "../../enrolment.ts";
import { maxDevices } from "../../registry/devices.ts";
import { refuse } from "../access/guard.ts";
import { enrolment, readJsonBody } from "../bodies.ts";
import type { Enrolled } from "./api.ts";

export interface EnrolmentRoutes extends EnrolmentParts {
  readonly hubHost: string;
}

export function addEnrolment(app: Hono, parts: EnrolmentRoutes): void {
  const { devices, hubHost } = parts;
  app.post("/api/devices", async (c) => {
    const body = await readJsonBody(c, enrolment);
    if ("problem" in body) return refuse(c, 400, "malformed", body.problem);
    const { id } = body.value;
    if (devices.get(id) !== undefined) return refuse(c, 409, "exists", `there is a device ${id} already`);
    if (devices.size >= maxDevices)
      return refuse(c, 409, "full", `this hub has its maximum of ${maxDevices} devices`);
    try {
      const key = await enrolWithKey(parts, id);
      return c.json(
        { id, connectionString: deviceConnectionString(hubHost, id, key) } satisfies Enrolled,
        201,
      );
    } catch (error) {
      if (error instanceof RangeError) return refuse(c, 400, "malformed", error.message);
      throw error;
    }
  });
}
