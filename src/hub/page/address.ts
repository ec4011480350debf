/** Each device has an address of its own, such as `#device=heater-1`: to keep, to share and to go back to. */
export function deviceInAddress(): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get("device") ?? undefined;
}

export function showInAddress(deviceId: string | undefined): void {
  if (deviceId === undefined || deviceId === deviceInAddress()) return;
  location.hash = new URLSearchParams({ device: deviceId }).toString();
}
