/** Of the environment names of Azure's samples those that hold a secret. Small: the guardian has it too. */
export const secretVariables = {
  connectionString: "IOTHUB_DEVICE_CONNECTION_STRING",
  deviceKey: "IOTHUB_DEVICE_DPS_DEVICE_KEY",
} as const;
