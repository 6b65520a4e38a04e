#define _GNU_SOURCE
#include "sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ask(int diag, unsigned char family, unsigned short port) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } message;
    memset(&message, 0, sizeof message);
    message.header.nlmsg_len = sizeof message;
    message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message.request.sdiag_family = family;
    message.request.sdiag_protocol = IPPROTO_TCP;
    message.request.idiag_states = 1 << TCP_ESTABLISHED;
    message.request.id.idiag_sport = htons(port);
    return send(diag, &message, sizeof message, 0) == sizeof message;
}

static bool take(int diag, struct served *served) {
    static char block[1 << 18];
    for (;;) {
        ssize_t got = recv(diag, block, sizeof block, 0);
        if (got <= 0)
            return false;
        int left = (int)got;
        for (struct nlmsghdr *header = (struct nlmsghdr *)block; NLMSG_OK(header, left);
             header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == NLMSG_DONE)
                return true;
            if (header->nlmsg_type == NLMSG_ERROR)
                return false;
            const struct inet_diag_msg *socket = NLMSG_DATA(header);
            if (socket->idiag_inode == 0) /* it belongs to nobody before it is accepted */
                served->waiting++;
            else
                served->accepted++;
            if (socket->idiag_rqueue > 0)
                served->unread++;
        }
    }
}

bool sockets_served(unsigned short port, struct served *served) {
    memset(served, 0, sizeof *served);
    int diag = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (diag < 0)
        return false;
    /* A server that listens on IPv6 takes IPv4 there, too. */
    bool is_told = ask(diag, AF_INET, port) && take(diag, served) && ask(diag, AF_INET6, port) &&
                   take(diag, served);
    close(diag);
    return is_told;
}
