/**
 * Folder app/: the page as an installed app.
 *
 * Makes the page an app that opens while the device is away. Browsers allow that on this machine and over HTTPS only; else
 * the page works, and a phone can keep a link to it on its home screen.
 */
interface PolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

const script = "/service-worker.js";

/** Never throws: without it the page works all the same. */
export async function installPage(): Promise<void> {
  if (!isSecureContext || !("serviceWorker" in navigator)) return;
  const { trustedTypes } = globalThis as { readonly trustedTypes?: PolicyFactory };
  try {
    const policy = trustedTypes?.createPolicy("page", { createScriptURL: () => script });
    await navigator.serviceWorker.register(policy?.createScriptURL(script) ?? script);
  } catch {
    // A private window, or a browser that refuses: nothing depends on it.
  }
}
