import ArgumentParser

@main
struct MakeModel: ParsableCommand {
}
