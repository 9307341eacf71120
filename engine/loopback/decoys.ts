/**
 * Prompts that nobody says in a shipped flow, but that sound as if they could be: beginnings that
 * are the same, endings that are the same, neighbours in meaning. A callee that tells the right
 * prompt from these has understood it.
 */
export const DECOYS: readonly string[] = [
  "Hello, this is the City Library. Am I speaking with John Smith? Please say yes I am, or wrong number.",
  "Hello, this is the Western Water Company. Am I speaking with Mary Jones? Please say yes or no.",
  "Hello, this is the customer service of Green Field. Do you have a minute?",
  "Good morning. I am calling from your bank about a letter that we sent you last week.",
  "Your table for four people is booked for this evening. Will you still come?",
  "Your car is ready. You can pick it up until six o'clock today.",
  "I am calling about your order. The delivery will be one day late. Is that all right?",
  "Which month is good for you? January, March, or December?",
  "I have Sunday evening for you. Is that right?",
  "Shall I send your new card to your home address? Please say yes send it, or another address.",
  "Your ticket is changed. The train leaves in the morning. Goodbye.",
  "Thank you. Your new password is on its way. Goodbye.",
  "For your safety, please say the month in which you were born.",
  "Please enter the number on the back of your card, and then press the pound key.",
  "Thank you. Your last bill was paid in full. Is there anything else I can do for you?",
  "Was the food hot enough? Please say very hot, warm, or cold.",
  "And how clean was the room? Please say very clean, clean, or dirty.",
  "Would you like to speak with a doctor now? Please hold the line.",
  "All our lines are busy. Please stay on the line, or call again tomorrow.",
  "There is one new message in your mailbox. To listen to it, press five.",
  "The number that you have called is not in service. Please check the number and call again.",
  "The weather will be cold and windy tonight, with snow in the mountains.",
  "Please leave your name and your number after the tone.",
  "Your subscription ends next month. To keep it, say keep it, or do nothing.",
];
