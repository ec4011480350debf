/** Environment variables that name the broker of Home Assistant, in place of mqtt.json. The password is a secret. */
export const mqttVariables = {
  url: "GROVE_HEATER_MQTT_URL",
  user: "GROVE_HEATER_MQTT_USER",
  password: "GROVE_HEATER_MQTT_PASSWORD",
  caFile: "GROVE_HEATER_MQTT_CA_FILE",
} as const;
