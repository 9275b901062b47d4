/// Numbers as they are spoken.
package enum NumberWords {
  private static let small = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
  ]
  private static let tens = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
  ]

  /// The words of a number from 0 to 199: `forty two`, `one hundred and one`.
  package static func words(_ number: Int) -> String {
    precondition((0..<200).contains(number), "No words for \(number)")
    if number < 20 { return small[number] }
    if number < 100 {
      let rest = number % 10
      return rest == 0 ? tens[number / 10] : "\(tens[number / 10]) \(small[rest])"
    }
    return number == 100 ? "one hundred" : "one hundred and \(words(number - 100))"
  }

  /// Digits, each as a word.
  package static func digits(_ digits: [Int]) -> String {
    digits.map { small[$0] }.joined(separator: " ")
  }
}
