/**
 * What comes next, step by step: what to upload where. Names of Azure's pages as of 2026; where a page looks otherwise,
 * the words in quotes are what to look for.
 */

/**
 * After the authority was made: what Azure must know of it, once for all units.
 * @param flag what names its folder to the next commands: empty, or " --ca FOLDER"
 */
export const uploadSteps = (caFile: string, flag: string): string => `
Next, in Azure, once for all units:

IoT Central
  1. "Permissions" > "Device connection groups" > "+ New": attestation type "Certificates (X.509)"; save.
  2. In the new group, "Primary": upload ${caFile}. If it asks for proof, "Generate verification code", then here:
       grove-heater claim verify CODE${flag}
     and upload the file that this writes.
  3. Note the "ID scope" on the page "Device connection groups".

IoT Hub with a Device Provisioning Service (DPS)
  1. "Linked IoT hubs": the hub must be among them.
  2. "Certificates" > "+ Add": upload ${caFile}, with "Set certificate status to verified on upload". Without that:
     "Generate verification code", then grove-heater claim verify CODE${flag}, and upload the file that this writes.
  3. "Manage enrollments" > "Enrollment groups" > "+ Add": attestation mechanism "X.509 certificates uploaded to this
     Device Provisioning Service", primary certificate: the one of step 2. Note the "ID Scope" of the overview.
  Or with the Azure CLI:
       az iot dps certificate create --dps-name DPS -g GROUP -n owner -p ${caFile} -v true
       az iot dps enrollment-group create --dps-name DPS -g GROUP --enrollment-id heaters --ca-name owner

Then, for each unit, on the unit:
       grove-heater claim request --device heater-7 > heater-7.csr`;

export const signSteps = (id: string): string => `
Next: copy the request to the owner's computer, compare the key's SHA-256 there, and sign it:
       grove-heater claim sign ${id}.csr
Nothing in it is secret. The key stays on this unit.`;

export const acceptSteps = (file: string, id: string): string => `
Next: copy ${file} to the unit ${id}; nothing in it is secret. On the unit:
       grove-heater claim accept ${file} --id-scope SCOPE
SCOPE is the id scope that IoT Central ("Device connection groups") or DPS (overview) shows.`;

export const startSteps = `
Next: restart the firmware, which reads its credentials at its start:
       sudo systemctl restart grove-heater
and see what it connects to with: grove-heater credentials check`;

export const verifySteps = (file: string): string => `
Next: upload ${file} in the same dialog that showed the code, and "Verify". It is of no use afterwards: remove it.`;

export const batchSteps = (folder: string, state: string, isKey: boolean): string => `
Next, for each unit, before its first boot: put its SD card into this computer, then
       sudo cp -r ${folder}/ID/. ROOT
       sudo chown -R --reference=ROOT/${state} ROOT/${state}
where ID is the unit's id and ROOT is where the card's root file system is mounted, such as /media/$USER/rootfs. The
second line gives the files to the user whom the folder belongs to, if the service has run from this image before; on a
fresh one systemd does it at the service's start. Once Azure has the
${isKey ? 'group of these keys ("SAS")' : 'authority (the steps of "grove-heater claim ca")'}, each unit comes online by itself.
The folders hold secrets: remove each when its card is written.`;
