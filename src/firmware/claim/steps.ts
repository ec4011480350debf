/**
 * Instructions for the next steps: what to upload where. The names of Azure's pages are those of 2026; if a
 * page looks different, search for the words in quotes.
 */

/**
 * After the authority was made: how to register it with Azure, once for all units.
 * @param flag the flag that names its folder in further commands: empty, or " --ca FOLDER"
 */
export const uploadSteps = (caFile: string, flag: string): string => `
Next, in Azure, once for all units:

IoT Central
  1. "Permissions" > "Device connection groups" > "+ New": attestation type "Certificates (X.509)"; save.
  2. In the new group, "Primary": upload ${caFile}. If it asks for proof, "Generate verification code", then run here:
       grove-heater claim verify CODE${flag}
     and upload the file that this writes.
  3. Note the "ID scope" on the page "Device connection groups".

IoT Hub with a Device Provisioning Service (DPS)
  1. "Linked IoT hubs": the hub must be among them.
  2. "Certificates" > "+ Add": upload ${caFile}, with "Set certificate status to verified on upload". Without that:
     "Generate verification code", then run grove-heater claim verify CODE${flag}, and upload the file that it writes.
  3. "Manage enrollments" > "Enrollment groups" > "+ Add": attestation mechanism "X.509 certificates uploaded to this
     Device Provisioning Service", primary certificate: the one of step 2. Note the "ID Scope" on the overview page.
  Or with the Azure CLI:
       az iot dps certificate create --dps-name DPS -g GROUP -n owner -p ${caFile} -v true
       az iot dps enrollment-group create --dps-name DPS -g GROUP --enrollment-id heaters --ca-name owner

Then, for each unit, on the unit:
       grove-heater claim request --device heater-7 > heater-7.csr`;

export const signSteps = (id: string): string => `
Next: copy the request to the owner's computer, compare the key's SHA-256 there, and sign it:
       grove-heater claim sign ${id}.csr
It contains no secret; the private key stays on this unit.`;

export const acceptSteps = (file: string, id: string): string => `
Next: copy ${file} to the unit ${id}; it contains no secret. On the unit:
       grove-heater claim accept ${file} --id-scope SCOPE
SCOPE is the id scope shown in IoT Central ("Device connection groups") or DPS (overview).`;

export const startSteps = `
Next: restart the firmware, which reads its credentials when it starts:
       sudo systemctl restart grove-heater
To see what it connects to: grove-heater credentials check`;

export const verifySteps = (file: string): string => `
Next: upload ${file} in the dialog that showed the code, and choose "Verify". Then delete it: it is no longer needed.`;

export const batchSteps = (folder: string, state: string, isKey: boolean): string => `
Next, for each unit, before its first boot: put its SD card into this computer, then run
       sudo cp -r ${folder}/ID/. ROOT
       sudo chown -R --reference=ROOT/${state} ROOT/${state}
where ID is the unit's id and ROOT is where the card's root file system is mounted, such as /media/$USER/rootfs. If the
service has run from this image before, the second line gives the files to the folder's owner; on a new image systemd
does that when the service starts. Once Azure has the
${isKey ? 'group of these keys ("SAS")' : 'authority (the steps of "grove-heater claim ca")'}, each unit comes online by itself.
The folders contain secrets: delete each when its card is written.`;
