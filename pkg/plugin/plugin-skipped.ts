/** Thrown by a plugin's `init` that has a reason not to run here; no fault, and logged as such. */
export class PluginSkipped extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`${reason}: skip plugin`, options);
    this.name = 'PluginSkipped';
  }
}
