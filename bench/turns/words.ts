/** The words of the turns bench. `|` in a free sentence is a pause between two clauses. */

export const yesNoPhrases = [
  "yes",
  "yes please",
  "no",
  "no thank you",
  "yes that is right",
  "no that is wrong",
  "not today",
  "yes I do",
  "maybe later",
  "go ahead",
  "not really",
  "I do not want it",
] as const;

export const billingChoices = [
  "billing",
  "technical support",
  "change my appointment",
  "cancel my appointment",
  "I want to talk to someone",
  "repeat that please",
  "opening hours",
  "a new contract",
  "the first one",
  "the second one",
  "Monday morning",
  "Friday afternoon",
] as const;

/** What somebody adds to an answer that was whole. */
export const moreAfterYesNo = [
  ["yes", "but not on Tuesday"],
  ["yes", "please"],
  ["yes please", "if it does not take long"],
  ["yes", "I think so"],
  ["no", "thank you"],
  ["no", "I already have one"],
  ["no", "wait a moment"],
  ["not today", "I am at work"],
  ["maybe later", "in the evening"],
  ["yes", "that is right"],
  ["no", "that is wrong"],
  ["go ahead", "I am listening"],
] as const;

export const moreAfterChoice = [
  "I think",
  "please",
  "if that is possible",
  "no wait",
  "or somebody who can help me",
  "for my mother",
  "because I have lost the letter",
  "thank you",
] as const;

export const openers = ["um", "uh", "well", "let me see", "I think", "er", "so"] as const;

export const freeSentences = [
  "the engineer never came | and nobody called me",
  "I waited for two hours",
  "your colleague was very friendly | but she could not help",
  "it was fine",
  "I would like the bill by post | not by email | if you can",
  "my name is not spelled like that",
  "the line was bad | I did not understand a word",
  "somebody should call my husband",
  "everything works now",
  "the price went up twice | and nobody told me why",
  "I moved last month | to another town",
  "please stop calling this number",
  "my daughter takes care of that",
  "the parcel was open | when it came | and something was missing",
  "I am not sure what you mean",
  "better than last time",
  "the website does not work on my phone",
  "I had an accident | in the spring",
  "we talked about this last week | you wanted to send a letter",
  "nothing special",
  "ask me again in the summer",
  "it takes too long to reach a person | that is all I want to say",
  "the heating is still cold",
  "I paid already | at the bank",
] as const;

/** Said to stop us. */
export const interruptions = [
  "stop",
  "wait a moment",
  "hold on please",
  "no no no",
  "who is this",
  "I want to talk to someone",
  "billing please",
  "excuse me",
  "I am not interested",
  "what do you want",
  "technical support",
  "cancel my appointment",
  "please stop talking",
  "sorry I did not get that",
  "can you say that again",
  "no wait",
  "listen to me",
  "not now",
  "where did you get my number",
  "one moment please",
] as const;

/**
 * Said to show that one listens; none of them asks us to stop. The voices spell "mhm" out, and come
 * near to it with "um hum".
 */
export const backchannels = [
  "um hum",
  "hum",
  "uh huh",
  "okay",
  "ok",
  "right",
  "I see",
  "yeah",
  "sure",
  "alright",
] as const;
