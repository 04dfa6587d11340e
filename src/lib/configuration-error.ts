/** Thrown at the first request of a Worker that cannot run; the message is for the operator and holds no value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}
