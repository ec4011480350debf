/**
 * Folder sdk/: everything that uses Azure's device SDK.
 *
 * The SDK's exports. Its packages are CommonJS whose names Node cannot detect: named imports type-check but fail at run
 * time, so the default imports are destructured here.
 */
import common from "azure-iot-common";
import device from "azure-iot-device";
import deviceMqtt from "azure-iot-device-mqtt";
import mqttBase from "azure-iot-mqtt-base";
import provisioning from "azure-iot-provisioning-device";
import provisioningMqtt from "azure-iot-provisioning-device-mqtt";
import symmetricKey from "azure-iot-security-symmetric-key";
import x509 from "azure-iot-security-x509";
import mqtt from "mqtt";

export const { Client, Message } = device;
export const { Mqtt } = deviceMqtt;
export const { MqttBase } = mqttBase;
export const { NoRetry, SharedAccessSignature, encodeUriComponentStrict } = common;
export const { ProvisioningDeviceClient } = provisioning;
export const { Mqtt: ProvisioningMqtt } = provisioningMqtt;
export const { SymmetricKeySecurityClient } = symmetricKey;
export const { X509Security } = x509;
export const { MqttClient } = mqtt;
