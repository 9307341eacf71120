/** The rules of the guard, as the configuration has them. */
import type { GuardRules } from "../../access/security/upgrade-guard.js";
import type { GatewayConfig } from "../../config/schema.js";

/** @param baseUrl how vendors reach us, known once we listen */
export function guardRules({ access }: GatewayConfig, baseUrl: () => string): GuardRules {
  const { twilioAuthToken, vonageSignatureSecret, audiohookApiKey, audiohookSecret, ...rules } =
    access;
  const secrets = {
    twilio: twilioAuthToken,
    vonage: vonageSignatureSecret,
    audiohook: audiohookApiKey,
    audiohookSecret,
  };
  return { ...rules, secrets, baseUrl };
}
