package firstseen.ingest;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/** Ids of documents: digests, for histories and terms are long and hold what an event likes. */
final class Keys {
    private static final int EVENT_BYTES = 16;
    private static final int CLAIM_BYTES = 12;

    private Keys() {}

    static String term(String history, String term) {
        return "term-" + text(digest(history, term));
    }

    static String quota(String history, long interval) {
        return "quota-" + text(digest(history, Long.toString(interval)));
    }

    static String since(String history) {
        return "since-" + text(digest(history));
    }

    /** What names the alert of a term and an event among those of an interval. */
    static String claim(String term, String event) {
        return text(Arrays.copyOf(digest(term, event), CLAIM_BYTES));
    }

    /** A digest of an event's bytes, as the contract has it. */
    static String event(byte[] json) {
        return HexFormat.of().formatHex(Arrays.copyOf(sha256().digest(json), EVENT_BYTES));
    }

    private static byte[] digest(String... parts) {
        MessageDigest digest = sha256();
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            // The length before the part: no two lists of parts are the same bytes.
            digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
            digest.update(bytes);
        }
        return digest.digest();
    }

    private static String text(byte[] digest) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has SHA-256", error);
        }
    }
}
