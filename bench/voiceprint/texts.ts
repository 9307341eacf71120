/** What the voices say: the first three to be enrolled by, the others to be known again. */
export const texts: readonly string[] = [
  "Good morning, I am calling about the delivery that was promised for last Thursday afternoon.",
  "Please tell the doctor that my knee feels much better, though the stairs are still a trouble.",
  "We moved to the old house behind the church, where the garden is larger than the kitchen.",
  "The train leaves at seven, and whoever is late has to wait until a quarter past nine.",
  "My daughter plays the violin every evening, which the neighbours do not always enjoy.",
  "There is a small bakery on the corner that sells bread with walnuts and dried figs.",
  "I would rather have the blue jacket, but only if it comes with the longer sleeves.",
  "Could you repeat the number of the invoice, since the line was bad for a moment.",
  "Yesterday the river rose so quickly that they closed both bridges before noon.",
  "He promised to bring the papers back as soon as his brother has signed all of them.",
  "Nobody in the office knew why the lights went out, so we all walked home early.",
  "Our meeting was moved to Wednesday because the large room is being painted again.",
  "She keeps the spare key under a flower pot, which every burglar surely expects.",
  "They have been waiting for the results of the examination since the end of August.",
  "If the weather holds we shall climb the hill and have our lunch beside the tower.",
];
