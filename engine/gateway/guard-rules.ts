/** The rules of the guard, as the configuration has them. */
import type { GuardRules } from "../../access/security/upgrade-guard.js";
import type { GatewayConfig } from "../../config/schema.js";

/** @param baseUrl how vendors reach us, known once we listen */
export function guardRules({ access }: GatewayConfig, baseUrl: () => string): GuardRules {
  const { twilioAuthToken: twilio, audiohookApiKey: audiohook, ...rules } = access;
  return { ...rules, secrets: { twilio, audiohook }, baseUrl };
}
