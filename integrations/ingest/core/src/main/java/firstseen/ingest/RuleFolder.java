package firstseen.ingest;

import firstseen.Configuration.Document;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/**
 * Rules in a folder of the node: {@code rules/}, {@code exceptions/}, {@code value-lists/} and {@code mappings/} with
 * the files of each, in order of their names. A value list is named as its file, without what follows the last dot.
 */
final class RuleFolder implements RuleSource {
    private static final long BYTES_MAX = 64L << 20;

    private final Path folder;
    private final boolean mayBeMissing;

    /** {@code mayBeMissing}: without the folder, or without {@code rules/} in it, the built-in rule runs. */
    RuleFolder(Path folder, boolean mayBeMissing) {
        this.folder = folder;
        this.mayBeMissing = mayBeMissing;
    }

    @Override
    public String place() {
        return "the folder " + folder;
    }

    @Override
    public CompletionStage<Rules> read(String version) {
        try {
            List<Path> files = files();
            String present = version(files);
            if (present.equals(version)) {
                return CompletableFuture.completedStage(null);
            }
            Rules rules = read(files, present);
            // Rules that are gone are no wish for the built-in one.
            if (rules.rules().isEmpty() && !(mayBeMissing && !Files.exists(folder.resolve(Rules.Kind.RULES.folder)))) {
                throw new NoSuchFileException("there is no file in " + folder.resolve(Rules.Kind.RULES.folder));
            }
            return CompletableFuture.completedStage(rules);
        } catch (IOException error) {
            return CompletableFuture.failedStage(new UncheckedIOException(error));
        }
    }

    private List<Path> files() throws IOException {
        List<Path> all = new ArrayList<>();
        for (Rules.Kind kind : Rules.Kind.values()) {
            Path part = folder.resolve(kind.folder);
            if (Files.isDirectory(part)) {
                try (Stream<Path> listed = Files.list(part)) {
                    listed.filter(RuleFolder::isMeant).sorted().forEach(all::add);
                }
            }
        }
        return all;
    }

    /** Whether a file is no editor's or system's own. */
    private static boolean isMeant(Path file) {
        String name = file.getFileName().toString();
        return Files.isRegularFile(file) && !name.startsWith(".") && !name.endsWith("~");
    }

    private static String version(List<Path> files) throws IOException {
        StringBuilder version = new StringBuilder();
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
            version.append(file).append(' ').append(Files.size(file)).append(' ')
                .append(Files.getLastModifiedTime(file).toMillis()).append('\n');
        }
        if (bytes > BYTES_MAX) {
            throw new IOException("the files of rules have " + bytes + " bytes together, more than " + BYTES_MAX);
        }
        return version.toString();
    }

    private Rules read(List<Path> files, String version) throws IOException {
        Rules rules = new Rules(version);
        for (Path file : files) {
            Rules.Kind kind = Rules.Kind.of(file.getParent().getFileName().toString());
            String name = file.getFileName().toString();
            int dot = name.lastIndexOf('.');
            boolean isList = kind == Rules.Kind.VALUE_LISTS && dot > 0;
            try {
                rules.add(kind, new Document(isList ? name.substring(0, dot) : name, Files.readString(file)));
            } catch (IOException error) {
                throw new IOException(file + " cannot be read as UTF-8: " + error.getMessage(), error);
            }
        }
        return rules;
    }
}
